"""Measure all index methods of a plan, one after the other, and go on where an earlier run ended."""

import logging
import shutil
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import rich
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from vsr.ann.ledger import BUILD, FAILURE, GRID, SEARCH, SESSION, Ledger, Row
from vsr.ann.machine import cores, free_mib, libraries, machine
from vsr.ann.plan import EXACT, Candidate, Plan
from vsr.ann.process import LimitError, Watched
from vsr.ann.result_tables import knob_text, save_tables, tables
from vsr.ann.truth import truth
from vsr.ann.vectors import Source, Vectors, prepared
from vsr.files import write_json
from vsr.reports.ann.ann_report import write_ann_report
from vsr.reports.ann.comparison_json import read_comparison
from vsr.reports.ann.setting_choice import at_recall, best_line

log = logging.getLogger(__name__)
LEDGER, VECTORS, WORK, SUMMARY = "measurements.jsonl", "vectors", "work", "summary.json"
_SHARE_OF_FREE = 0.9


@dataclass
class Comparison:
    """The parts of one comparison, assembled.

    Attributes:
        source: where the vectors come from.
        plan: what is measured and how.
        folder: the run folder.
        provenance: command, versions and commit.
        against: folder of an earlier comparison to lay beside this one.
    """

    source: Source
    plan: Plan
    folder: Path
    provenance: dict[str, Any] = field(default_factory=dict)
    against: Path | None = None


def compare(run: Comparison) -> dict[str, Any]:
    """Measure what is not measured yet, and write tables and report into the run folder.

    Returns:
        What ``comparison.json`` holds.

    Raises:
        DataError: vectors that cannot be had, or no comparison where ``against`` says.
    """
    earlier = read_comparison(run.against) if run.against else None  # before hours of measuring
    plan, folder = run.plan, run.folder
    plan.threads = plan.threads or cores()
    started, before = time.monotonic(), machine()
    vectors = prepared(run.source, folder / VECTORS, plan.queries, plan.seed)
    if not vectors.labeled:
        log.warning("The vectors have no labels: task metrics are left out.")
    exact = truth(vectors, plan.metric, plan.metrics, plan.depth, plan.block_mib)
    found_exactly = exact.recall(exact.searched, [plan.k])
    if reason := exact.doubt(found_exactly, exhaustive=True):
        log.warning("Exact search itself is not exact here: %s", reason)
    ledger = Ledger(folder / LEDGER)
    session = {"key": "", "kind": SESSION, "started": datetime.now().isoformat(), "load": before["load"]}
    keyed = [(backend, plan.key(backend, vectors.about["fingerprint"])) for backend in plan.backends]
    with _progress() as progress:
        task = progress.add_task("", total=len(keyed))
        for place, (backend, key) in enumerate(keyed):
            progress.update(task, completed=place, description=backend.name)
            if missing(backend, key, ledger, plan):
                _Job(run, vectors, ledger, backend, key, progress, task).measure()
                ledger.append({**session, "seconds": time.monotonic() - started})
        progress.update(task, completed=len(keyed), description="all backends")
    shutil.rmtree(folder / WORK / "indexes", ignore_errors=True)
    found = tables(ledger, keyed)
    load, seconds = _sessions(ledger, {**session, "seconds": time.monotonic() - started})
    about = {
        **run.provenance,
        "versions": {**run.provenance.get("versions", {}), **libraries()},
        "machine": {**before, "load": load},
        "written": datetime.now().strftime("%Y-%m-%d %H:%M"),
        "seconds": seconds,
        "vectors": {**vectors.about, "labeled": vectors.labeled},
        "how": plan.measuring(),
        "limits": _limits(plan),
        "exact": exact.means,
        "exact_recall": found_exactly,
    }
    save_tables(folder, about, found)
    report = write_ann_report(folder, earlier)
    write_json(folder / SUMMARY, {"ann": at_recall(read_comparison(folder))})
    rich.get_console().print(f"Report: {report}", soft_wrap=True)
    return {"about": about, **found}


class _Job:
    """One backend's measuring process, and what comes of it."""

    def __init__(
        self,
        run: Comparison,
        vectors: Vectors,
        ledger: Ledger,
        backend: Candidate,
        key: str,
        progress: Progress,
        task: TaskID,
    ) -> None:
        self.run, self.vectors, self.ledger, self.backend, self.key = run, vectors, ledger, backend, key
        self.progress, self.task, self.place = progress, task, progress.tasks[task].completed
        self.saved = (run.folder / WORK / "indexes" / key).absolute()
        self.phase, self.knobs, self.baseline, self.peak = "start", None, 0.0, 0.0
        self.left = 1

    def measure(self) -> None:
        """Run it, and put down what it finds and how it ends."""
        plan = self.run.plan
        memory = plan.memory_gib * 1024 if plan.memory_gib else _SHARE_OF_FREE * free_mib()
        self.saved.parent.mkdir(parents=True, exist_ok=True)
        watched = Watched(self._job(), self.run.folder / WORK, self.backend.name, memory, 60 * plan.minutes)
        try:
            for event in watched.events():
                self._take(event)
        except LimitError as error:
            self._failed(str(error), self.knobs)
        finally:
            watched.stop()
        self.saved.unlink(missing_ok=True)
        found = tables(self.ledger, [(self.backend, self.key)])
        line = best_line(found["backends"][0], found["settings"])
        self.progress.console.print(line, soft_wrap=True, highlight=False)

    def _job(self) -> dict[str, Any]:
        done = [row["knobs"] for row in self.ledger.of(self.key, SEARCH)]
        return {
            "vectors": str(self.vectors.folder.absolute()),
            "target": self.backend.target,
            "arguments": self.backend.arguments,
            "exhaustive": self.backend.family == EXACT,
            "search": self.backend.search,
            "done": done,
            "built": bool(self.ledger.of(self.key, BUILD)) and self.saved.is_file(),
            "saved": str(self.saved),
            "how": self.run.plan.measuring(),
        }

    def _take(self, event: dict[str, Any]) -> None:
        kind = event.pop("event")
        if kind == "phase":
            self._enter(event)
        elif kind == "grid":
            self.left = max(1, len(event["grid"]))
            self._keep(GRID, event)
        elif kind == "build":
            self._keep(BUILD, {**event, "peak_mib": self.peak - self.baseline})
        elif kind == "search":
            self._keep(SEARCH, event)
            self.progress.advance(self.task, 1 / self.left)
        else:
            self._failed(event["reason"], event["knobs"])

    def _enter(self, event: dict[str, Any]) -> None:
        if event["phase"] == "build":
            self.baseline = event["mib"]
        elif event["phase"] == "save":
            self.peak = event["peak_mib"]
        self.phase, self.knobs = event["phase"], event.get("knobs")
        setting = knob_text(self.knobs) if self.knobs else ""
        self.progress.update(self.task, description=f"{self.backend.name} {self.phase} {setting}".rstrip())

    def _keep(self, kind: str, row: dict[str, Any]) -> None:
        self.ledger.append({"key": self.key, "kind": kind, **row})

    def _failed(self, reason: str, knobs: Any) -> None:
        limits = _limits(self.run.plan)
        self._keep(FAILURE, {"phase": self.phase, "knobs": knobs, "reason": reason, "limits": limits})


def missing(backend: Candidate, key: str, ledger: Ledger, plan: Plan) -> bool:
    """Whether something is still to be measured. What failed is tried again under other limits only."""
    if any(one["limits"] == _limits(plan) for one in ledger.of(key, FAILURE)):
        return False
    done = [row["knobs"] for row in ledger.of(key, SEARCH)]
    grids = ledger.of(key, GRID)
    grid = backend.search or (grids[-1]["grid"] if grids else None)
    return grid is None or not ledger.of(key, BUILD) or any(knobs not in done for knobs in grid)


def _sessions(ledger: Ledger, now: Row) -> tuple[float, float]:
    """The highest load that measuring began under, and the seconds it took, over all times it went on.

    ``now`` speaks for them when none is on record.
    """
    last = ({row["started"]: row for row in ledger.of("", SESSION)} or {"": now}).values()
    return max(row["load"] for row in last), sum(row["seconds"] for row in last)


def _limits(plan: Plan) -> dict[str, Any]:
    return {"memory_gib": plan.memory_gib, "minutes": plan.minutes}


def _progress() -> Progress:
    columns = (BarColumn(), TextColumn("{task.completed:.1f}/{task.total:.0f}"), TimeElapsedColumn())
    return Progress(*columns, TextColumn("{task.description}"), console=rich.get_console(), transient=True)
