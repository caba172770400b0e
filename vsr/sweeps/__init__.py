"""Sweeps: which jobs there are, which comes next, where they run, and what came of each."""

from vsr.sweeps.folder import Outcome, SweepFolder, Trial
from vsr.sweeps.job import PRUNED
from vsr.sweeps.local import Commands, Local
from vsr.sweeps.optuna_search import OptunaSearch
from vsr.sweeps.search import Grid, Search, Sweep
from vsr.sweeps.slurm import Slurm
from vsr.sweeps.space import Choices, Interval, Point, Space
from vsr.sweeps.trial import OptunaTrial

__all__ = [
    "PRUNED",
    "Choices",
    "Commands",
    "Grid",
    "Interval",
    "Local",
    "OptunaSearch",
    "OptunaTrial",
    "Outcome",
    "Point",
    "Search",
    "Slurm",
    "Space",
    "Sweep",
    "SweepFolder",
    "Trial",
]
