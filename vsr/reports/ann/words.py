"""What the measurements say, in sentences: a recommendation for three budgets, and what to be wary of."""

from typing import NamedTuple

from vsr.display.formats import count, is_number, significant, three
from vsr.reports.ann.choice import (
    FAST_RECALL,
    SMALL_RECALL,
    Choice,
    exact,
    fastest,
    lossless,
    memory,
    per_million,
    smallest,
)
from vsr.reports.ann.files import Comparison, Row

_BUSY = 0.5  # load a core, before the start
_WIDE = 0.25  # spread of repeats, as a share of their median
_FEW = 200  # queries
_MOST_NAMES = 20
_EQUAL = 0.01  # of the gallery, copies of others
_ROUNDING = 0.005  # of recall
_WAITED = 0.8  # of a processor that a search with one thread got


class Advice(NamedTuple):
    """A recommendation.

    Attributes:
        budget: what it is for.
        name: index method and setting.
        why: what it was chosen by.
        points: what it does, and what it costs.
    """

    budget: str
    name: str
    why: str
    points: list[str]


def advice(found: Comparison) -> list[Advice]:
    """Recommendations for the three budgets, as far as something was measured for them."""
    given = [
        ("Fastest", f"The fastest with {found.recall} ≥ {FAST_RECALL:.2f}", FAST_RECALL, fastest(found)),
        (
            "Smallest",
            f"The least memory with {found.recall} ≥ {SMALL_RECALL:.2f}",
            SMALL_RECALL,
            smallest(found),
        ),
        ("Exact", "The fastest that is exact by construction", 0.0, exact(found)),
    ]
    chosen = []
    for budget, why, level, choice in given:
        if choice is None:
            continue
        if choice.setting[found.recall] < level:
            why = f"Nothing reaches {found.recall} of {level:.2f}; this comes nearest"
        points = [*_does(found, choice), *_costs(found, choice)]
        if budget == "Exact":
            points += _without_guarantee(found, choice)
        chosen.append(Advice(budget, title(choice), f"{why}.", points))
    return chosen


def title(choice: Choice) -> str:
    """``hnsw, ef_search=64``."""
    setting = choice.setting["setting"]
    return choice.backend["name"] + ("" if setting == "–" else f", {setting}")


def _does(found: Comparison, choice: Choice) -> list[str]:
    setting, flat, times = choice.setting, exact(found), ""
    if flat is not None and flat.backend is not choice.backend:
        times = f", {significant(setting['qps_1'] / flat.setting['qps_1'], 2)} times {flat.backend['name']}"
    points = [
        f"{significant(setting['qps_1'])} queries/s on one core{times}",
        f"one query in {significant(setting['p50_ms'])} ms, 99 % within {significant(setting['p99_ms'])} ms",
        f"{found.recall} {three(setting[found.recall])}",
    ]
    task = found.task
    if task and is_number(setting.get(f"{task}_loss")) and setting is not (flat and flat.setting):
        points.append(f"{task} {_loss(setting, task)}")
    return points


def _loss(setting: Row, task: str) -> str:
    loss, around = setting[f"{task}_loss"], setting.get(f"{task}_loss_ci")
    spread = f" ± {three(around)}" if is_number(around) else ""
    if abs(loss) < 0.0005:
        return f"no other than exact search's{f' (±{spread[2:]})' if spread else ''}"
    return f"{'lower' if loss > 0 else 'higher'} than exact search's by {three(abs(loss))}{spread}"


def _costs(found: Comparison, choice: Choice) -> list[str]:
    gib = per_million(memory(choice.backend), found.n) / 1024
    build = per_million(choice.backend.get("build_cpu_s"), found.n)
    query = choice.setting["cpu_s_per_million"]
    return [
        f"a million pictures: {significant(gib)} GiB, {significant(build)} CPU-seconds to build",
        f"a million queries against {count(found.n)} pictures: {significant(query)} CPU-seconds",
    ]


def _without_guarantee(found: Comparison, choice: Choice) -> list[str]:
    other = lossless(found)
    if other is None or other.setting["qps_1"] <= choice.setting["qps_1"]:
        return []
    queries = count(found.about["vectors"]["queries"])
    speed = f"{significant(other.setting['qps_1'])} queries/s"
    return [f"without a guarantee, {title(other)} missed nothing in these {queries} queries at {speed}"]


def warnings(found: Comparison) -> list[dict[str, object]]:
    """What a reader has to know before believing the figures."""
    total, settings = len(found.settings), found.settings
    failed = [f"{row['name']}: {row['reason']}" for row in found.backends if row.get("reason")]
    wide = [_named(row) for row in settings if row["qps_1_max"] - row["qps_1_min"] > _WIDE * row["qps_1"]]
    waited = [_named(row) for row in settings if row["busy_1"] < _WAITED]
    listed = [
        (f"Not, or not wholly, measured: {len(failed)} of {len(found.backends)} index methods.", failed),
        (f"In {len(wide)} of {total} settings the repeats lie more than {_WIDE:.0%} apart.", wide),
        (
            f"In {len(waited)} of {total} settings searches were kept waiting by other work on the machine: "
            "latencies and all-core speeds are worse than on an idle one. Speed of one core counts processor "
            "time and suffers less.",
            waited,
        ),
    ]
    told: list[dict[str, object]] = [{"text": text, "names": []} for text in _general(found)]
    return told + [{"text": text, "names": _some(names)} for text, names in listed if names]


def _some(names: list[str]) -> list[str]:
    more = len(names) - _MOST_NAMES
    return [*names[:_MOST_NAMES], f"… and {more} more"] if more > 0 else names


def _general(found: Comparison) -> list[str]:
    machine, vectors, texts = found.about["machine"], found.about["vectors"], []
    if machine["load"] > _BUSY * machine["cores"]:
        load = f"load {machine['load']} on {machine['cores']} cores"
        texts.append(f"The machine had other work when the comparison started ({load}).")
    if not vectors["labeled"]:
        texts.append("The vectors have no labels: task metrics were not measured.")
    if vectors["queries"] < _FEW:
        texts.append(f"Only {vectors['queries']} queries were searched for: recall is known roughly.")
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
    return texts


def _named(row: Row) -> str:
    return f"{row['backend']} {row['setting']}"
