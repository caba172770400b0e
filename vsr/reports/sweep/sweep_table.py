"""The report's numbers for programs: ``sweep.csv``, a row per run, and ``sweep_table.json``.

They hold test metrics of the chosen runs only: if those of all runs were there, people would choose by them.
"""

from typing import Any

import pandas as pd

from vsr.files import write_json, written_whole
from vsr.reports.sweep.overrides import as_text
from vsr.reports.sweep.sweep_choice import Findings
from vsr.reports.sweep.sweep_records import REPEATED, RunRecord, SweepRecord

CSV, TABLE = "sweep.csv", "sweep_table.json"


def write_table(found: Findings) -> None:
    """Write both into the sweep's folder."""
    sweep, choice, verdict, explained = found.sweep, found.choice, found.verdict, found.explained
    given = dict.fromkeys(key for one in sweep.runs for key in one.overrides)
    keys = [key for key in dict.fromkeys([*sweep.keys, *REPEATED, *given]) if key in given]
    rows = [_record(sweep, one, keys) for one in sweep.ranked]
    with written_whole(sweep.folder / CSV) as aside:
        pd.DataFrame(rows).to_csv(aside, index=False)
    numbers = {
        "metric": sweep.metric,
        "direction": "maximize" if sweep.maximize else "minimize",
        "runs": rows,
        "chosen": choice
        and {
            "runs": [one.number for one in choice.runs],
            "value": choice.value,
            "half_width": choice.half,
            "sd": choice.sd if len(choice.runs) > 1 else None,
            "test": {name: choice.metric("test", name) for name in choice.tested()},
        },
        "repeated": sweep.repeated,
        "groups": [
            {
                "name": one.name,
                "mean": one.mean,
                "sd": one.sd,
                "half_width": one.half,
                "repeats": one.repeats,
                "values": one.values.tolist(),
            }
            for one in found.groups
        ],
        "best_against_second": verdict
        and {
            "best": verdict.best.name,
            "second": verdict.second.name,
            "test": verdict.test or None,
            "p": verdict.p,
            "gain": verdict.gain,
            "interval": verdict.interval,
        },
        "importance": explained
        and {
            "runs": explained.runs,
            "r2": explained.r2,
            "shares": {part.key: {"share": part.share, "luck": part.luck} for part in explained.parts},
        },
    }
    write_json(sweep.folder / TABLE, numbers)


def _record(sweep: SweepRecord, run: RunRecord, keys: list[str]) -> dict[str, Any]:
    row: dict[str, Any] = {"run": run.number, "state": run.state, sweep.metric: run.value}
    row |= {"reached": run.reached, "epochs": run.epochs, "seconds": run.seconds}
    values = {key: run.overrides.get(key) for key in keys}
    plain = {key: as_text(one) if isinstance(one, list | dict) else one for key, one in values.items()}
    return row | plain | {"error": run.error}
