"""Is a data set fit to be trained on? Damage, copies and leaks, labels and queries that cannot work."""

from vsr.data.inspection.findings import SEVERITIES, Case, Finding
from vsr.data.inspection.inspector import Inspection, Inspector
from vsr.data.inspection.samples import sample_rows

__all__ = ["SEVERITIES", "Case", "Finding", "Inspection", "Inspector", "sample_rows"]
