"""Recommendations for three budgets, and what limits the trust in the measurements."""

from vsr.ann.ledger import Row
from vsr.display.document import Card, Caution
from vsr.display.formats import count, is_number, significant, three
from vsr.reports.ann.comparison_json import Measurements
from vsr.reports.ann.setting_choice import (
    FAST_RECALL,
    SMALL_RECALL,
    SettingChoice,
    exact,
    fastest,
    lossless,
    memory,
    per_million,
    smallest,
)

_BUSY = 0.5  # load per core before the start
_WIDE = 0.25  # range of the repeats, as a share of their median
_FEW = 200  # queries
_EQUAL = 0.01  # of the gallery, copies of others
_ROUNDING = 0.005  # of recall
_MOST_NAMES = 20
_WAITED = 0.8  # share of a processor that a search with one thread got


def advice(found: Measurements) -> list[Card]:
    """Recommendations for the three budgets, as far as something was measured for them."""
    recall = found.recall
    budgets = [
        ("Fastest", f"The fastest with {recall} ≥ {FAST_RECALL:.2f}", FAST_RECALL, fastest(found)),
        ("Smallest", f"The least memory with {recall} ≥ {SMALL_RECALL:.2f}", SMALL_RECALL, smallest(found)),
        ("Exact", "The fastest method that is exact by construction", 0.0, exact(found)),
    ]
    cards = []
    for budget, why, level, choice in budgets:
        if choice is None:
            continue
        if choice.setting[recall] < level:
            why = f"Nothing reaches {recall} of {level:.2f}; this comes closest"
        points = [*_speed(found, choice), *_costs(found, choice)]
        if budget == "Exact":
            points += _without_guarantee(found, choice)
        cards.append(Card(budget, choice.name, f"{why}.", points))
    return cards


def _speed(found: Measurements, choice: SettingChoice) -> list[str]:
    setting, flat, times = choice.setting, exact(found), ""
    if flat is not None and flat.backend is not choice.backend:
        times = f", {significant(setting['qps_1'] / flat.setting['qps_1'], 2)} times {flat.backend['name']}"
    points = [
        f"{significant(setting['qps_1'])} queries/s on one core{times}",
        f"one query in {significant(setting['p50_ms'])} ms, 99% within {significant(setting['p99_ms'])} ms",
        f"{found.recall} {three(setting[found.recall])}",
    ]
    task = found.task
    if task and is_number(setting.get(f"{task}_loss")) and setting is not (flat and flat.setting):
        points.append(f"{task} {_loss(setting, task)}")
    return points


def _loss(setting: Row, task: str) -> str:
    loss, around = setting[f"{task}_loss"], setting.get(f"{task}_loss_ci")
    known = is_number(around)
    if abs(loss) < 0.0005:
        return f"the same as with exact search{f' (±{three(around)})' if known else ''}"
    way = "lower" if loss > 0 else "higher"
    return f"{way} than with exact search by {three(abs(loss))}{f' ± {three(around)}' if known else ''}"


def _costs(found: Measurements, choice: SettingChoice) -> list[str]:
    gib = per_million(memory(choice.backend), found.n) / 1024
    build = per_million(choice.backend.get("build_cpu_s"), found.n)
    query = choice.setting["cpu_s_per_million"]
    return [
        f"a million pictures: {significant(gib)} GiB, {significant(build)} CPU-seconds to build",
        f"a million queries against {count(found.n)} pictures: {significant(query)} CPU-seconds",
    ]


def _without_guarantee(found: Measurements, choice: SettingChoice) -> list[str]:
    other = lossless(found)
    if other is None or other.setting["qps_1"] <= choice.setting["qps_1"]:
        return []
    queries = count(found.about["vectors"]["queries"])
    speed = f"{significant(other.setting['qps_1'])} queries/s"
    return [f"without a guarantee, {other.name} missed nothing in these {queries} queries at {speed}"]


def cautions(found: Measurements) -> list[Caution]:
    """What a reader has to know before believing the numbers."""
    total, settings = len(found.settings), found.settings
    failed = [f"{row['name']}: {row['reason']}" for row in found.backends if row.get("reason")]
    wide = [_named(row) for row in settings if row["qps_1_max"] - row["qps_1_min"] > _WIDE * row["qps_1"]]
    waited = [_named(row) for row in settings if row["busy_1"] < _WAITED]
    listed = [
        (f"Not measured, or only in part: {len(failed)} of {len(found.backends)} index methods.", failed),
        (f"In {len(wide)} of {total} settings the repeats differ by more than {_WIDE:.0%}.", wide),
        (
            f"In {len(waited)} of {total} settings searches had to wait for other work on the machine: "
            "latencies and all-core speeds are worse than on an idle one. The speed on one core counts "
            "processor time and is affected less.",
            waited,
        ),
    ]
    return _general(found) + [Caution(text, _some(names)) for text, names in listed if names]


def _general(found: Measurements) -> list[Caution]:
    machine, vectors, texts = found.about["machine"], found.about["vectors"], []
    if machine["load"] > _BUSY * machine["cores"]:
        load = f"load {machine['load']} on {machine['cores']} cores"
        texts.append(f"The machine was busy when the comparison started ({load}).")
    if not vectors.get("labeled", vectors.get("labelled")):  # the second in version 0.1.0
        texts.append("The vectors have no labels: task metrics were not measured.")
    if vectors["queries"] < _FEW:
        texts.append(f"Only {vectors['queries']} queries were searched for: recall is a rough estimate.")
    exact = found.about.get("exact_recall", {}).get(found.recall, 1.0)
    if exact < 1 - _ROUNDING:
        texts.append(
            f"Exact search in float32 has a {found.recall} of {three(exact)} on these vectors: what index "
            "methods lose against it says little."
        )
    copies = vectors.get("copies", 0)
    if copies > _EQUAL * found.n:
        texts.append(
            f"{count(copies)} of {count(found.n)} vectors in the gallery ({copies / found.n:.0%}) are copies "
            "of others. Each is as right as the next, which makes recall easier than among distinct ones."
        )
    return [Caution(text) for text in texts]


def _some(names: list[str]) -> list[str]:
    more = len(names) - _MOST_NAMES
    return [*names[:_MOST_NAMES], f"… and {more} more"] if more > 0 else names


def _named(row: Row) -> str:
    return f"{row['backend']} {row['setting']}"
