"""The report of a comparison of index methods."""

from vsr.reports.ann.choice import at_recall, best_line
from vsr.reports.ann.files import Comparison, read_comparison
from vsr.reports.ann.frontier import frontier
from vsr.reports.ann.report import write_ann_report

__all__ = ["Comparison", "at_recall", "best_line", "frontier", "read_comparison", "write_ann_report"]
