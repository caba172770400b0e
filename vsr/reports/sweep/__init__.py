"""The report of a hyper-parameter sweep, at its end or at any time during it."""

from vsr.reports.sweep.files import REPEATED, Sweep, Trial, read_sweep
from vsr.reports.sweep.report import write_sweep
from vsr.reports.sweep.words import best_line

__all__ = ["REPEATED", "Sweep", "Trial", "best_line", "read_sweep", "write_sweep"]
