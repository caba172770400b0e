"""A sweep's folder read back: ``sweep.json`` where a driver wrote one, and a folder a run."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from vsr.display.formats import is_number
from vsr.display.panels import finite_column
from vsr.errors import DataError
from vsr.reports.sweep.overrides import as_text, parsed

SWEEP, TRIAL, SUMMARY, METRICS = "sweep.json", "trial.json", "summary.json", "metrics.csv"
STATES = ("complete", "pruned", "running", "failed")  # in the order of the table
REPEATED = ("data.fold", "seed")  # runs that differ only in these repeat one configuration
FOLD, SEED = REPEATED


@dataclass(frozen=True, eq=False)
class Trial:
    """One run of a sweep.

    Attributes:
        number: its place in the sweep, from 0; the name of its folder.
        state: one of `STATES`; ``running`` may also have been killed.
        overrides: value by key of the configuration.
        value: the metric of the chosen checkpoint; of complete runs only.
        reached: the best value of the metric after any epoch so far, whatever became of the run.
        epochs: the last epoch that was measured; None before the first.
        error: what a failed run died of.
        seconds: wall time.
        curve: ``epoch`` and ``value`` of the metric; epoch 0 is the untrained network.
        folder: the run folder.
    """

    number: int
    state: str
    overrides: dict[str, Any]
    value: float | None
    reached: float | None
    epochs: int | None
    error: str | None
    seconds: float | None
    curve: pd.DataFrame
    folder: Path

    @property
    def untrained(self) -> float | None:
        """The metric before training; None where that was not measured."""
        epochs, values = (self.curve[name].to_numpy(dtype=float) for name in ("epoch", "value"))
        return float(values[epochs == 0][0]) if (epochs == 0).any() else None

    def summary(self) -> dict[str, Any]:
        """The content of its ``summary.json``; empty where there is none."""
        return _json(self.folder / SUMMARY) or {}


@dataclass(frozen=True, eq=False)
class Sweep:
    """All runs of a sweep.

    Attributes:
        folder: where it was read from.
        command: that started it; empty where it is not known.
        metric: by which runs are compared, such as ``val/map``.
        maximize: whether more of it is better.
        sampler: what chose the values: grid, tpe, …; empty where it is not known.
        space: by key ``choices``, or ``low``, ``high``, ``log`` and ``int``.
        fixed: overrides of every run, as typed, where the driver told.
        trials: by number.
    """

    folder: Path
    command: str
    metric: str
    maximize: bool
    sampler: str
    space: dict[str, dict[str, Any]] = field(default_factory=dict)
    fixed: list[str] = field(default_factory=list)
    trials: list[Trial] = field(default_factory=list)

    @cached_property
    def complete(self) -> list[Trial]:
        """Finished runs, the best first; the earlier one of equals."""
        done = [one for one in self.trials if one.state == "complete"]
        return sorted(done, key=lambda one: self.loss(one.value))

    @cached_property
    def ranked(self) -> list[Trial]:
        """All runs: the finished ones, then pruned, running and failed ones by what they reached."""
        others = [one for one in self.trials if one.state != "complete"]
        others.sort(key=lambda one: (STATES.index(one.state), self.loss(one.reached)))
        return [*self.complete, *others]

    @cached_property
    def keys(self) -> list[str]:
        """The hyper-parameters: keys of the space or whose value differs between runs; none of `REPEATED`."""
        differing = [key for key in _all_keys(self.trials) if self._differs(key)]
        return [key for key in dict.fromkeys([*self.space, *differing]) if key not in REPEATED]

    @cached_property
    def constant(self) -> dict[str, Any]:
        """Overrides of the runs that are the same in all, besides those of ``fixed``."""
        first = self.trials[0].overrides if self.trials else {}
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
        """What is to be small, of a value of the metric; infinite for None."""
        return math.inf if value is None else -value if self.maximize else value

    def _differs(self, key: str) -> bool:
        return len({as_text(one.overrides.get(key)) for one in self.trials}) > 1


def read_sweep(folder: str | Path) -> Sweep:
    """Read the sweep in ``folder``: one of our driver, or of a plain Hydra multirun.

    Raises:
        DataError: the folder is not there or holds no runs.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}; give that of a sweep, such as outputs/sweeps/…")
    runs = sorted((path for path in folder.iterdir() if _is_run(path)), key=lambda path: int(path.name))
    about = _json(folder / SWEEP)
    if not runs and about is None:
        raise DataError(
            f"{folder} is not that of a sweep: it holds no {SWEEP} and no runs named 0, 1, …{_hint(folder)}"
        )
    about = about or _from_first(runs)
    metric = str(about.get("metric") or "val/map")
    maximize = about.get("direction", "maximize") != "minimize"
    trials = [_trial(path, metric, maximize) for path in runs]
    return Sweep(
        folder,
        str(about.get("command") or ""),
        metric,
        maximize,
        str(about.get("sampler") or ""),
        about.get("space") or {},
        [str(one) for one in about.get("fixed") or []],
        trials,
    )


def _is_run(path: Path) -> bool:
    return path.is_dir() and path.name.isdecimal()


def _hint(folder: Path) -> str:
    if (folder / METRICS).is_file():
        return "; it is that of a single run, whose page is report.html"
    inner = sorted(path.name for path in folder.iterdir() if (path / "0").is_dir())
    return f"; there are sweeps in it: {', '.join(inner[-3:])}" if inner else ""


def _from_first(runs: list[Path]) -> dict[str, Any]:
    """What a plain multirun does not write down, from the first of its runs that tells."""
    summaries = [found for run in runs if (found := _json(run / SUMMARY))]
    summary: dict[str, Any] = summaries[0] if summaries else {}
    configs = [found for run in runs if isinstance(found := _yaml(run / "config.yaml"), dict)]
    config: dict[str, Any] = configs[0] if configs else {}
    best = (config.get("callbacks") or {}).get("best") or {}
    return {
        "metric": summary.get("monitor") or best.get("monitor"),
        "command": summary.get("command"),
        "direction": "minimize" if best.get("mode") == "min" else "maximize",
    }


def _trial(folder: Path, metric: str, maximize: bool) -> Trial:
    told = _json(folder / TRIAL)
    if told is None:
        told = _untold(folder, metric)
    curve = _curve(folder / METRICS, metric)
    epochs, values = (curve[name].to_numpy(dtype=float) for name in ("epoch", "value"))
    trained = values[epochs > 0]
    value, state, error = told.get("value"), str(told.get("state")), told.get("error")
    if state not in STATES:
        state, error = "failed", error or f"its {TRIAL} gives the state {state}"
    if state == "complete" and not is_number(value):
        state, error = "failed", error or f"{metric} is not a finite number"
    reached = (trained.max() if maximize else trained.min()) if len(trained) else value
    return Trial(
        int(folder.name),
        state,
        dict(told.get("overrides") or {}),
        float(value) if state == "complete" and is_number(value) else None,
        float(reached) if is_number(reached) else None,
        int(epochs.max()) if len(curve) else None,
        str(error) if error else None,
        told.get("seconds"),
        curve,
        folder,
    )


def _untold(folder: Path, metric: str) -> dict[str, Any]:
    """What ``trial.json`` would say, from what Hydra and the run wrote."""
    given = _yaml(folder / ".hydra" / "overrides.yaml")
    told: dict[str, Any] = {"overrides": parsed(given if isinstance(given, list) else [])}
    summary = _json(folder / SUMMARY)
    if summary is None:
        return told | {"state": "running"}
    split, _, name = metric.partition("/")
    value = (summary.get(split) or {}).get(name)
    return told | {"state": "complete", "value": value, "seconds": summary.get("seconds")}


def _curve(path: Path, metric: str) -> pd.DataFrame:
    empty = pd.DataFrame({"epoch": [], "value": []}, dtype=float)
    try:
        history = pd.read_csv(path)
    except (OSError, ValueError):  # not there yet, or broken: the run shows without a curve
        return empty
    if "epoch" not in history or metric not in history:
        return empty
    curve = pd.DataFrame({"epoch": finite_column(history, "epoch"), "value": finite_column(history, metric)})
    return curve.dropna().sort_values("epoch", kind="stable")


def _all_keys(trials: list[Trial]) -> list[str]:
    return list(dict.fromkeys(key for one in trials for key in one.overrides))


def _json(path: Path) -> dict[str, Any] | None:
    """The mapping in a JSON file; None where there is none or it cannot be read."""
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
