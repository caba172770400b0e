"""The tables of a sweep's report: hyperparameters, means over folds and seeds, all runs."""

from collections.abc import Sequence

from vsr.display.document import Block, Section, Table
from vsr.display.formats import ABSENT, count, duration, is_number, measured, three
from vsr.reports.sweep.overrides import shown
from vsr.reports.sweep.sweep_choice import Findings
from vsr.reports.sweep.sweep_records import FOLD, RunRecord
from vsr.reports.sweep.sweep_words import FOLDS_SHARE, tried

_MOST_ERROR = 200  # characters in the table; sweep.csv has them all


def space(found: Findings, rest: Sequence[Block]) -> Section:
    """The hyperparameters: values tried, the best, and the importance; ``rest`` below."""
    parts = {part.key: part for part in found.explained.parts} if found.explained else {}
    best = found.chosen[0].overrides if found.chosen else {}
    rows = []
    for key in found.keys:
        share = [three(parts[key].share), three(parts[key].luck)] if key in parts else [ABSENT, ABSENT]
        rows.append([key, tried(found.sweep, key), shown(best[key]) if key in best else ABSENT, *share])
    heads = ["hyperparameter", "tried", "best", "importance", "by chance, 95%"]
    return Section("Hyperparameters", [Table(heads, rows, words=3), *rest])


def means(found: Findings, drawn: Sequence[Block]) -> Section:
    """Means of the configurations: ``drawn``, and as a table, folded."""
    sweep = found.sweep
    heads = ["configuration", sweep.repeats, sweep.metric, "sd", "± 95%", "least", "most", "not finished"]
    rows = [
        [
            one.name,
            f"{one.n}: {('; ' if len(sweep.repeated) > 1 else ', ').join(one.repeats)}",
            *(measured(value) for value in (one.mean, one.sd, one.half, one.values.min(), one.values.max())),
            str(one.missing) if one.missing else ABSENT,
        ]
        for one in found.groups
    ]
    hint = f"{sweep.metric}: the mean over {sweep.repeats}; ± 95%: Student's t-interval of it."
    hint += f" {FOLDS_SHARE}" if FOLD in sweep.repeated else ""
    table = Table(heads, rows, hint, f"As a table ({len(rows)})")
    return Section(f"Means over {sweep.repeats}", [*drawn, table])


def runs(found: Findings) -> Section:
    """All runs, the best first, each with a link to its page if there is one."""
    sweep = found.sweep
    keys = [*sweep.keys, *sweep.repeated]
    heads = ["run", sweep.metric, *keys, "epochs", "time", "state"]
    hint = f"★ chosen: best by {sweep.metric}; test metrics are shown of it alone."
    if any(one.state != "complete" and one.reached is not None for one in sweep.runs):
        hint += " In brackets: the best value that an unfinished run reached; it is not ranked."
    looks = ["best" if one in found.chosen else "gone" if one.value is None else "" for one in sweep.ranked]
    pages = [(one.folder / "report.html", f"{one.folder.name}/report.html") for one in sweep.ranked]
    links = [link if path.is_file() else "" for path, link in pages]
    rows = [_row(one, keys, one in found.chosen) for one in sweep.ranked]
    table = Table(heads, rows, hint, words=1, ends_in_words=True, links=links, looks=looks)
    return Section(f"All runs ({len(rows)})", [table])


def _row(run: RunRecord, keys: list[str], chosen: bool) -> list[str]:
    reached = f"({measured(run.reached)})" if is_number(run.reached) else ABSENT
    error = " ".join((run.error or "").split())
    short = error if len(error) <= _MOST_ERROR else f"{error[:_MOST_ERROR]}…"
    return [
        f"{run.number} ★" if chosen else str(run.number),
        reached if run.value is None else measured(run.value),
        *(shown(run.overrides[key]) if key in run.overrides else ABSENT for key in keys),
        ABSENT if run.epochs is None else count(run.epochs),
        duration(run.seconds),
        f"{run.state}: {short}" if error else run.state,
    ]
