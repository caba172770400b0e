"""The runs of a sweep, read from its folder: ``sweep.json`` if a driver wrote one, and a folder per run."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from vsr.display.formats import is_number
from vsr.errors import DataError
from vsr.reports.sweep.overrides import as_text, parsed
from vsr.sweeps.folder import SUMMARY, SWEEP, TRIAL

METRICS = "metrics.csv"
STATES = ("complete", "pruned", "running", "failed")  # in the order of the table
REPEATED = ("data.fold", "seed")  # runs that differ only in these repeat one configuration
FOLD, SEED = REPEATED


@dataclass(frozen=True, eq=False)
class RunRecord:
    """One run of a sweep.

    Attributes:
        number: its place in the sweep, from 0; the name of its folder.
        state: one of `STATES`; a ``running`` one may have been killed.
        overrides: value by configuration key.
        value: the metric of the chosen checkpoint; None unless the run is complete.
        reached: the best value of the metric after any epoch so far, in any state.
        error: of a failed run.
        seconds: wall time.
        curve: (2, E) measured epochs and the metric's values; epoch 0 is the untrained network.
        folder: the run folder.
    """

    number: int
    state: str
    overrides: dict[str, Any]
    value: float | None
    reached: float | None
    error: str | None
    seconds: float | None
    curve: np.ndarray
    folder: Path

    @property
    def epochs(self) -> int | None:
        """The last epoch measured; None before the first."""
        return int(self.curve[0].max()) if self.curve.size else None

    @property
    def untrained(self) -> float | None:
        """The metric before training; None if it was not measured."""
        epochs, values = self.curve
        return float(values[epochs == 0][0]) if (epochs == 0).any() else None

    def summary(self) -> dict[str, Any]:
        """The content of its ``summary.json``; empty if there is none."""
        return _json(self.folder / SUMMARY) or {}


@dataclass(frozen=True, eq=False)
class SweepRecord:
    """All runs of a sweep.

    Attributes:
        folder: where it was read from.
        command: that started it; empty if unknown.
        metric: by which runs are compared, such as ``val/map``.
        maximize: whether higher is better.
        sampler: what chose the values: grid, tpe, …; empty if unknown.
        space: by key ``choices``, or ``low``, ``high``, ``log`` and ``int``.
        fixed: overrides of every run as typed, if the driver recorded them.
        runs: by number.
    """

    folder: Path
    command: str
    metric: str
    maximize: bool
    sampler: str
    space: dict[str, dict[str, Any]] = field(default_factory=dict)
    fixed: list[str] = field(default_factory=list)
    runs: list[RunRecord] = field(default_factory=list)

    @cached_property
    def complete(self) -> list[RunRecord]:
        """Finished runs, the best first; of equal ones the earlier first."""
        done = [one for one in self.runs if one.state == "complete"]
        return sorted(done, key=lambda one: self.loss(one.value))

    @cached_property
    def ranked(self) -> list[RunRecord]:
        """All runs: the finished ones, then pruned, running and failed ones by the value they reached."""
        others = [one for one in self.runs if one.state != "complete"]
        others.sort(key=lambda one: (STATES.index(one.state), self.loss(one.reached)))
        return [*self.complete, *others]

    @cached_property
    def keys(self) -> list[str]:
        """The hyperparameters: keys of the space, or that differ between runs, without `REPEATED`."""
        given = dict.fromkeys(key for one in self.runs for key in one.overrides)
        differing = [key for key in given if self._differs(key)]
        return [key for key in dict.fromkeys([*self.space, *differing]) if key not in REPEATED]

    @cached_property
    def constant(self) -> dict[str, Any]:
        """Overrides of the runs that are the same in all, besides ``fixed``."""
        first = self.runs[0].overrides if self.runs else {}
        return {key: value for key, value in first.items() if key not in self.keys and not self._differs(key)}

    @cached_property
    def repeated(self) -> list[str]:
        """Those of `REPEATED` in which runs differ: configurations are then compared by means."""
        return [key for key in REPEATED if self._differs(key)]

    @property
    def repeats(self) -> str:
        """What means are over: ``folds``, ``seeds`` or ``folds and seeds``; empty without repetitions."""
        return " and ".join(f"{key.rpartition('.')[2]}s" for key in self.repeated)

    def counted(self, n: int) -> str:
        """``4 folds``, ``1 seed``, ``8 runs of folds and seeds``."""
        if len(self.repeated) > 1:
            return f"{n} run{'' if n == 1 else 's'} of {self.repeats}"
        return f"{n} {self.repeats.removesuffix('s') if n == 1 else self.repeats}"

    def loss(self, value: float | None) -> float:
        """A value of the metric with the sign that makes lower better; infinite for None."""
        return math.inf if value is None else -value if self.maximize else value

    def _differs(self, key: str) -> bool:
        return len({as_text(one.overrides.get(key)) for one in self.runs}) > 1


def read_sweep(folder: str | Path) -> SweepRecord:
    """Read the sweep in ``folder``, made by this project's driver or by a plain Hydra multirun.

    Raises:
        DataError: the folder does not exist or has no runs.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}; give that of a sweep, such as outputs/sweeps/…")
    runs = [path for path in folder.iterdir() if path.is_dir() and path.name.isdecimal()]
    runs.sort(key=lambda path: int(path.name))
    about = _json(folder / SWEEP)
    if not runs and about is None:
        raise DataError(
            f"{folder} is not a sweep: it has no {SWEEP} and no runs named 0, 1, …{_hint(folder)}"
        )
    about = about or _from_first(runs)
    metric = str(about.get("metric") or "val/map")
    maximize = about.get("direction", "maximize") != "minimize"
    return SweepRecord(
        folder,
        str(about.get("command") or ""),
        metric,
        maximize,
        str(about.get("sampler") or ""),
        about.get("space") or {},
        [str(one) for one in about.get("fixed") or []],
        [_run(path, metric, maximize) for path in runs],
    )


def _hint(folder: Path) -> str:
    if (folder / METRICS).is_file():
        return "; it is a single run, whose page is report.html"
    inner = sorted(path.name for path in folder.iterdir() if (path / "0").is_dir())
    return f"; there are sweeps in it: {', '.join(inner[-3:])}" if inner else ""


def _from_first(runs: list[Path]) -> dict[str, Any]:
    """What a plain multirun does not record about itself, from the first of its runs that does."""
    summary = next(filter(None, (_json(run / SUMMARY) for run in runs)), {})
    config = next((found for run in runs if isinstance(found := _yaml(run / "config.yaml"), dict)), {})
    best = (config.get("callbacks") or {}).get("best") or {}
    return {
        "metric": summary.get("monitor") or best.get("monitor"),
        "command": summary.get("command"),
        "direction": "minimize" if best.get("mode") == "min" else "maximize",
    }


def _run(folder: Path, metric: str, maximize: bool) -> RunRecord:
    told = _json(folder / TRIAL)
    if told is None:
        told = _without_driver(folder, metric)
    curve = _curve(folder / METRICS, metric)
    trained = curve[1, curve[0] > 0]
    value, state, error = told.get("value"), str(told.get("state")), told.get("error")
    if state not in STATES:
        state, error = "failed", error or f"its {TRIAL} has the unknown state {state}"
    if state == "complete" and not is_number(value):
        state, error = "failed", error or f"{metric} is not a finite number"
    reached = (trained.max() if maximize else trained.min()) if len(trained) else value
    return RunRecord(
        int(folder.name),
        state,
        dict(told.get("overrides") or {}),
        float(value) if state == "complete" and is_number(value) else None,
        float(reached) if is_number(reached) else None,
        str(error) if error else None,
        told.get("seconds"),
        curve,
        folder,
    )


def _without_driver(folder: Path, metric: str) -> dict[str, Any]:
    """The content that ``trial.json`` would have, from the files of Hydra and of the run."""
    given = _yaml(folder / ".hydra" / "overrides.yaml")
    told: dict[str, Any] = {"overrides": parsed(given if isinstance(given, list) else [])}
    summary = _json(folder / SUMMARY)
    if summary is None:
        return told | {"state": "running"}
    split, _, name = metric.partition("/")
    value = (summary.get(split) or {}).get(name)
    return told | {"state": "complete", "value": value, "seconds": summary.get("seconds")}


def _curve(path: Path, metric: str) -> np.ndarray:
    """Epochs and finite values (2, E) of the metric; E = 0 if the file is missing, broken or lacks it."""
    try:
        history = pd.read_csv(path)[["epoch", metric]]
    except (OSError, ValueError, KeyError):
        return np.zeros((2, 0))
    numbers = history.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=float)
    numbers = numbers[np.isfinite(numbers).all(axis=1)]
    return numbers[np.argsort(numbers[:, 0], kind="stable")].T


def _json(path: Path) -> dict[str, Any] | None:
    """The mapping in a JSON file; None if there is none or it cannot be read."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return dict(found) if isinstance(found, Mapping) else None


def _yaml(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text("utf-8"))
    except (OSError, yaml.YAMLError):
        return None
