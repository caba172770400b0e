"""The report's numbers for programs: ``sweep.csv``, a row a run, and ``sweep_table.json``.

Test figures of the chosen runs only: whoever sees those of all runs will choose by them.
"""

from typing import Any

import pandas as pd

from vsr.files import write_json, written_whole
from vsr.reports.sweep.choice import Choice
from vsr.reports.sweep.document import Document
from vsr.reports.sweep.files import REPEATED, Sweep, Trial
from vsr.reports.sweep.groups import Group, Verdict
from vsr.reports.sweep.importance import Explained
from vsr.reports.sweep.overrides import as_text

CSV, TABLE = "sweep.csv", "sweep_table.json"


def write_table(sweep: Sweep, content: Document) -> None:
    """Write both into the sweep's folder."""
    given = dict.fromkeys(key for one in sweep.trials for key in one.overrides)
    keys = [key for key in dict.fromkeys([*sweep.keys, *REPEATED, *given]) if key in given]
    rows = [_record(sweep, one, keys) for one in sweep.ranked]
    with written_whole(sweep.folder / CSV) as aside:
        pd.DataFrame(rows).to_csv(aside, index=False)
    found = content.found
    numbers = {
        "metric": sweep.metric,
        "direction": "maximize" if sweep.maximize else "minimize",
        "runs": rows,
        "chosen": _chosen(content.choice) if content.choice else None,
        "repeated": sweep.repeated,
        "groups": [_group(one) for one in found.groups],
        "best_against_second": _verdict(found.verdict) if found.verdict else None,
        "importance": _importance(found.explained) if found.explained else None,
    }
    write_json(sweep.folder / TABLE, numbers)


def _record(sweep: Sweep, trial: Trial, keys: list[str]) -> dict[str, Any]:
    row: dict[str, Any] = {"run": trial.number, "state": trial.state, sweep.metric: trial.value}
    row |= {"reached": trial.reached, "epochs": trial.epochs, "seconds": trial.seconds}
    return row | {key: _plain(trial.overrides.get(key)) for key in keys} | {"error": trial.error}


def _plain(value: Any) -> Any:
    return as_text(value) if isinstance(value, list | dict) else value


def _chosen(choice: Choice) -> dict[str, Any]:
    names = dict.fromkeys(name for one in choice.summaries for name in (one.get("test") or {}))
    return {
        "runs": [one.number for one in choice.trials],
        "value": choice.value,
        "half_width": choice.half,
        "sd": choice.sd if len(choice.trials) > 1 else None,
        "test": {name: choice.test(name) for name in names},
    }


def _group(group: Group) -> dict[str, Any]:
    values = {"repeats": group.repeats, "values": group.values.tolist()}
    return {"name": group.name, "mean": group.mean, "sd": group.sd, "half_width": group.half, **values}


def _verdict(found: Verdict) -> dict[str, Any]:
    names = {"best": found.best.name, "second": found.second.name, "test": found.test or None}
    return names | {"p": found.p, "gain": found.gain, "interval": found.interval}


def _importance(found: Explained) -> dict[str, Any]:
    shares = {part.key: {"share": part.share, "luck": part.luck} for part in found.parts}
    return {"runs": found.runs, "r2": found.r2, "shares": shares}
