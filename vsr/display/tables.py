"""Results in the terminal: metrics with their intervals, an evaluation's parts, two evaluations compared."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from rich import box
from rich.console import Console, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from vsr.display.formats import count, difference, interval, p_value, signed, signed_interval, three

WIDTH = 80  # columns that every table fits
UNTRAINED, TEST, GAIN = "untrained", "test", "gain"
_NOT_A_VALUE = ("fnmr_is", "pairs")  # of the thresholds
_JUDGE, _OF_GROUPS = "map", ("hit_rate@1", "map", "recall@10", "ndcg@10")
_WORST, _NAME = 10, 34  # groups shown, and characters of their names
CHOSEN_ON_TEST = "The checkpoint was chosen on test: its figures there are too good."

Intervals = Mapping[str, tuple[float, float]]


def metrics_table(
    rows: list[tuple[str, dict[str, float]]],
    columns: Sequence[str] | None = None,
    intervals: Mapping[str, Intervals] | None = None,
    chosen_on: str | None = None,
    level: float = 0.95,
) -> Table:
    """A table of metrics for a terminal of 80 columns.

    A metric a column where that fits, a metric a row otherwise and where there are intervals. Where there are
    rows ``untrained`` and ``test``, their difference follows as ``gain``.

    Args:
        rows: name of the row, e.g. ``val``, and its metrics.
        columns: metrics to show, in order; None for all.
        intervals: name of a row, and the confidence interval of each of its metrics.
        chosen_on: split on which the checkpoint was chosen; ``test`` is said below the table.
        level: coverage of the intervals.
    """
    names = (
        list(columns) if columns is not None else list(dict.fromkeys(name for _, row in rows for name in row))
    )
    texts = []
    for label, row in rows:
        texts.append((label, [_cell(row.get(name)) for name in names]))
        if intervals and label in intervals:
            texts.append(
                (f"{level * 100:g} % interval", [interval(intervals[label].get(name)) for name in names])
            )
    labeled = dict(rows)
    if UNTRAINED in labeled and TEST in labeled:
        gains = [difference(labeled[TEST].get(name), labeled[UNTRAINED].get(name)) for name in names]
        texts.append((GAIN, [signed(gain) for gain in gains]))
    table = _table("", names, texts)
    if intervals or _width(table) > WIDTH:
        turned = [(name, [cells[i] for _, cells in texts]) for i, name in enumerate(names)]
        table = _table("metric", [label for label, _ in texts], turned)
    if chosen_on == TEST:
        _note(table, CHOSEN_ON_TEST)
    return table


def evaluation_tables(split: str, about: Mapping[str, Any]) -> list[RenderableType]:
    """What an evaluation says, from the content of ``evaluation.json``: means, label levels, thresholds."""
    shown: list[RenderableType] = [
        metrics_table(
            [(split, about["means"])],
            intervals={split: about["intervals"]} if about["intervals"] else None,
            chosen_on=about["chosen_on"],
            level=about["resampling"].get("level", 0.95),
        )
    ]
    shown += [Text(text, "yellow") for text in about["warnings"].values()]
    if about["resampling"]:
        left_out = f", {count(about['left_out'])} of them left out" if about["left_out"] else ""
        queries = f"{count(about['queries'])} queries of {about['protocol']}{left_out}"
        shown.append(_said(f"{queries}. Intervals: {about['resampling']['method']}."))
    if len(about["levels"]) > 1:
        shown.append(metrics_table(list(about["levels"].items())))
    if about["groups"]:
        groups = f"{count(about['groups']['groups'])} groups of {about['groups']['level']}"
        shown.append(_said(f"Means of {groups}: groups.csv."))
    if about["thresholds"]:
        values = {name: one for name, one in about["thresholds"].items() if name not in _NOT_A_VALUE}
        shown += [metrics_table([("one threshold", values)]), _said(thresholds_note(about["thresholds"]))]
    return shown


def groups_tables(groups: pd.DataFrame, most: int = _WORST) -> list[RenderableType]:
    """The groups of queries that fare worst, and in words how many there are besides.

    Args:
        groups: a row a group, with ``queries`` and the mean of each metric over them, named by what they are
            groups of.
        most: rows to show, >= 1.
    """
    metrics = [name for name in groups.columns if name != "queries"]
    by = _JUDGE if _JUDGE in metrics else metrics[0]
    columns = [name for name in _OF_GROUPS if name in metrics] or metrics[:3]
    ordered = groups.sort_values([by, "queries"], ascending=[True, False], kind="stable")
    table = _table(str(groups.index.name), ["queries", *columns], [])
    table.columns[0].max_width, table.columns[0].overflow = _NAME, "ellipsis"
    worst = ordered.head(most)
    for label, row in zip(worst.index, worst.to_dict("records"), strict=True):
        table.add_row(Text(str(label)), count(int(row["queries"])), *(three(row[name]) for name in columns))
    rest = ordered[by].iloc[most:]
    if rest.empty:
        return [table]
    others = f"{count(len(rest))} more with {by} {three(rest.iloc[0])} to {three(rest.iloc[-1])}"
    return [table, _said(f"The lowest {most} of {count(len(groups))} by {by}; {others}: groups.csv.")]


def thresholds_note(thresholds: Mapping[str, Any]) -> str:
    """What the metrics of one threshold for all queries are over."""
    pairs = thresholds["pairs"]
    normalized = ", scores normalized" if pairs["background"] else ""
    deeper = ""
    if thresholds["fnmr_is"] == "at most":
        deeper = " Deeper lists would lower fnmr: these hold fewer irrelevant pairs than fmr allows."
    return (
        f"One threshold for all queries, over the top {pairs['per_query']} of each: "
        f"{count(pairs['returned'])} pairs, {count(pairs['relevant'])} relevant in all{normalized}.{deeper}"
    )


def comparison_tables(about: Mapping[str, Any]) -> list[RenderableType]:
    """Two evaluations side by side, from the content of ``comparison.json``, within 80 columns."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("metric", style="bold", no_wrap=True)
    level = f"{about['intervals']['level'] * 100:g} % interval"
    for head in ("a", "b", "b − a", level, "p Holm", "better/worse/="):
        table.add_column(head, justify="right", no_wrap=True)
    for name, row in about["metrics"].items():
        real = row["p_holm"] is not None and row["p_holm"] < 1 - about["intervals"]["level"]
        style = ("green" if row["difference"] > 0 else "red") if real else ""
        table.add_row(
            Text(name),
            three(row["a"]),
            three(row["b"]),
            Text(signed(row["difference"]), style),
            signed_interval((row["low"], row["high"])),
            Text(p_value(row["p_holm"]), style),
            f"{row['better']}/{row['worse']}/{row['equal']}",
        )
    shown: list[RenderableType] = [table, _said(method(about))]
    if about["unlike"]:
        unlike = ", ".join(about["unlike"])
        shown.append(Text(f"Not compared, over a longer list in one of the two: {unlike}.", "yellow"))
    for side in ("a", "b"):
        one = about[side]
        chosen = f", chosen on {one['chosen_on']}" if one["chosen_on"] else ""
        shown.append(Text(f"{side}: {one['folder']}{chosen}"))
        if one["chosen_on"] == TEST:
            shown.append(Text(f"{side}: {CHOSEN_ON_TEST}", "yellow"))
    return shown


def method(about: Mapping[str, Any]) -> str:
    """How the intervals and p-values of a comparison were made, in two sentences."""
    test, intervals = about["test"], about["intervals"]
    answered = count(about["queries"] - about["left_out"])
    return (
        f"{answered} queries of {about['protocol']}. Intervals: {intervals['method']}, "
        f"{count(intervals['resamples'])} resamples, one metric at a time. p: {test['name']}, "
        f"{count(test['flips'])} sign flips (all where at most {test['exact_up_to']} queries differ), "
        f"corrected by {about['correction']}."
    )


def _cell(value: Any) -> str:
    return count(value) if isinstance(value, int) else three(value)


def _said(text: str) -> Text:
    return Text(text, style="dim")


def _note(table: Table, text: str) -> None:
    table.caption, table.caption_style, table.caption_justify = text, "yellow", "left"


def _table(corner: str, heads: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(corner, style="bold", no_wrap=True)
    for head in heads:
        style = "bold" if head == TEST else "green" if head == GAIN else ""
        table.add_column(Text(head), justify="right", no_wrap=True, style=style)
    for label, cells in rows:
        table.add_row(Text(label), *cells)
    return table


def _width(table: Table) -> int:
    console = Console(width=10_000)
    return Measurement.get(console, console.options, table).maximum
