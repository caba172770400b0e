"""Index methods measured against each other: build, memory, speed, recall, and what search loses."""

from vsr.comparison.clustered import Clustered
from vsr.comparison.embedded import Embedded
from vsr.comparison.file import VectorFile
from vsr.comparison.plan import Candidate, Plan, chosen, settings
from vsr.comparison.run import Comparison, compare
from vsr.comparison.vectors import Source, Vectors, prepared

__all__ = [
    "Candidate",
    "Clustered",
    "Comparison",
    "Embedded",
    "Plan",
    "Source",
    "VectorFile",
    "Vectors",
    "chosen",
    "compare",
    "prepared",
    "settings",
]
