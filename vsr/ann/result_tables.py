"""Measurements as tables: ``comparison.json`` for reports, ``comparison.csv`` for people."""

from pathlib import Path
from typing import Any

import pandas as pd

from vsr.ann.ledger import BUILD, FAILURE, SEARCH, Ledger, Row
from vsr.ann.plan import Candidate
from vsr.files import write_json, written_whole

FORMAT = 1
JSON, CSV = "comparison.json", "comparison.csv"


def tables(ledger: Ledger, backends: list[tuple[Candidate, str]]) -> dict[str, list[Row]]:
    """A row a backend and a row a setting, from what was measured of ``backends`` with their keys."""
    rows = [(_backend(backend, key, ledger), _settings(backend, key, ledger)) for backend, key in backends]
    return {"backends": [row for row, _ in rows], "settings": [one for _, some in rows for one in some]}


def save_tables(folder: Path, about: dict[str, Any], found: dict[str, list[Row]]) -> None:
    """Write both files, the JSON last: where it is, the comparison is whole."""
    with written_whole(folder / CSV) as aside:
        frame(found).to_csv(aside, index=False)
    write_json(folder / JSON, {"format": FORMAT, "about": about, **found})


def frame(found: dict[str, list[Row]]) -> pd.DataFrame:
    """A row a setting with what is true of its backend beside it; backends without any have one, too."""
    settings = pd.DataFrame(found["settings"], columns=None if found["settings"] else ["backend"])
    backends = pd.DataFrame(found["backends"]).rename(columns={"name": "backend"})
    merged = backends.merge(
        settings.drop(columns="knobs", errors="ignore"),
        on="backend",
        how="left",
        suffixes=("", "_of_setting"),
    )
    return merged.drop(columns=["arguments", "built_with"], errors="ignore")


def _backend(backend: Candidate, key: str, ledger: Ledger) -> Row:
    row: Row = {
        "name": backend.name,
        "family": backend.family,
        "class": backend.target.rpartition(".")[2],
        "arguments": backend.arguments,
        "status": "measured",
        "reason": None,
    }
    for one in ledger.of(key, BUILD)[-1:]:
        row |= {name: value for name, value in one.items() if name not in ("key", "kind")}
    failures = [one for one in ledger.of(key, FAILURE) if not _mended(one, ledger, key)]
    if failures:
        row |= {"status": "failed", "reason": f"{failures[-1]['phase']}: {failures[-1]['reason']}"}
        if not ledger.of(key, SEARCH):
            return row
        row["status"] = "partly measured"
    return row


def _mended(failure: Row, ledger: Ledger, key: str) -> bool:
    """Whether it went well later, under other limits."""
    later = [one for one in ledger.rows[ledger.rows.index(failure) :] if one["key"] == key]
    if failure["knobs"] is None:
        return any(one["kind"] in (BUILD, SEARCH) for one in later)
    return any(one["kind"] == SEARCH and one["knobs"] == failure["knobs"] for one in later)


def _settings(backend: Candidate, key: str, ledger: Ledger) -> list[Row]:
    """The settings in their order; of one that was measured twice the later."""
    latest = {knob_text(one["knobs"]): one for one in ledger.of(key, SEARCH)}
    if backend.search is not None:
        latest = {text: latest[text] for one in backend.search if (text := knob_text(one)) in latest}
    return [_flat(backend.name, text, one) for text, one in latest.items()]


def _flat(name: str, text: str, row: Row) -> Row:
    one, every, alone = row["one"], row["all"], row["latency"]
    flat: Row = {"backend": name, "setting": text, "knobs": row["knobs"]}
    ends = ("", "_min", "_max")
    flat |= {f"qps_1{end}": one[f"cpu_qps{end}"] for end in ends}  # of one core: per processor second
    flat |= {f"qps_all{end}": every[f"qps{end}"] for end in ends}
    flat |= {"cpu_s_per_million": 1e6 / one["cpu_qps"], "wall_qps_1": one["qps"]}
    flat |= {"busy_1": one["busy"], "busy_all": every["busy"]}
    flat |= {f"{key}_ms": alone[key] for key in ("p50", "p95", "p99")}
    flat |= row["recall"]
    for metric, task in row["task"].items():
        flat |= {metric: task["value"], f"{metric}_loss": task["loss"], f"{metric}_loss_ci": task["loss_ci"]}
    return flat


def knob_text(knobs: dict[str, Any]) -> str:
    """``ef_search=64``; ``–`` for an index without search knobs."""
    return ", ".join(f"{key}={value}" for key, value in knobs.items()) or "–"
