"""What ``summary.json`` says, as rows and sentences for a page."""

from typing import Any

from vsr.display.formats import count, difference, duration, is_number

_MOST_SKIPPED = 50  # names of pictures
_LEFT_OUT = {
    "missing": "named in a list could not be found; left out",
    "skipped": "could not be read and were skipped",
}
_HEADLINE = ("hit_rate@1", "map", "mrr", "ndcg@10", "recall@10")
_MOST_HEADLINES = 4


def _means(summary: dict[str, Any], key: str) -> dict[str, Any]:
    means = summary.get(key)
    return means if isinstance(means, dict) else {}


def headlines(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """The few figures to read first: the untrained network's and the chosen checkpoint's on test."""
    monitored = str(summary.get("monitor") or "").partition("/")[2]
    wanted = dict.fromkeys((*_HEADLINE[:2], monitored, *_HEADLINE[2:]))
    before, after = _means(summary, "untrained"), _means(summary, "test")
    return [
        {
            "name": name,
            "untrained": before.get(name),
            "test": after[name],
            "gain": difference(after[name], before.get(name)),
        }
        for name in wanted
        if is_number(after.get(name))
    ][:_MOST_HEADLINES]


def results(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """Every metric with the figures of the untrained network, val and test, and the gain on test."""
    untrained, val, test = (_means(summary, key) for key in ("untrained", "val", "test"))
    return [
        {
            "name": name,
            "untrained": untrained.get(name),
            "val": val.get(name),
            "test": test.get(name),
            "gain": difference(test.get(name), untrained.get(name)),
        }
        for name in dict.fromkeys([*test, *val, *untrained])
    ]


def stages(summary: dict[str, Any]) -> dict[str, Any] | None:
    """Every metric on test after each stage, with its change from the first; None without stages."""
    found = _means(_means(summary, "stages"), "test")
    if len(found) < 2 or not next(iter(found)).startswith("exact@"):
        return None
    first, *rest = found.values()
    rows = [
        {
            "name": name,
            "cells": [
                {"mean": mean, "change": None},
                *({"mean": one.get(name), "change": difference(one.get(name), mean)} for one in rest),
            ],
        }
        for name, mean in first.items()
    ]
    return {"names": list(found), "rows": rows}


def facts(summary: dict[str, Any], epochs: int | None) -> list[tuple[str, str, bool]]:
    """What the run was: a label, a value, and whether the value is to be typed as it stands."""
    best, monitor = summary.get("best_epoch"), summary.get("monitor")
    chosen = (
        f"epoch {best}" + (f" of {epochs}" if epochs else "") + (f", the best {monitor}" if monitor else "")
    )
    facts = [
        ("protocol", summary.get("protocol"), False),
        ("catalogue", summary.get("catalogue"), True),
        ("checkpoint", chosen if best else "the last one", False),
        ("chosen on", summary.get("chosen_on"), False),
        ("duration", duration(summary["seconds"]) if "seconds" in summary else None, False),
        ("seed", summary.get("seed"), False),
        ("git", _git(summary.get("git")), False),
        ("versions", " · ".join(f"{name} {one}" for name, one in _means(summary, "versions").items()), False),
    ]
    return [
        (label, str(value), typed) for label, value, typed in facts if value not in (None, "") and summary
    ]


def _git(state: Any) -> str | None:
    if not isinstance(state, dict):
        return "no commit known" if state is None else None
    changed = ", with changes that are in no commit" if state.get("dirty") else ""
    return f"{str(state.get('commit', ''))[:12]}{changed}"


def split_counts(counts: Any) -> list[dict[str, Any]]:
    """Pictures, queries, gallery and left-out queries of each split, from keys such as ``test queries``."""
    if not isinstance(counts, dict):
        return []
    rows: dict[str, dict[str, Any]] = {}
    for key, value in counts.items():
        split, _, what = str(key).partition(" ")
        rows.setdefault(split, {"split": split})[what or "pictures"] = value
    return list(rows.values())


def warnings(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """What a reader has to know before believing the figures: a line each, with names where there are any."""
    found: list[dict[str, Any]] = []
    if summary.get("chosen_on") == "test":
        found.append(
            {
                "text": "The checkpoint was chosen on test. Its test figures are too good: choose on val "
                "before you compare them with others.",
                "names": [],
            }
        )
    for split, told in _means(summary, "warnings").items():
        found += [{"text": f"On {split}: {text}", "names": []} for text in told]
    for row in split_counts(summary.get("counts")):
        left_out = row.get("queries left out")
        if is_number(left_out) and left_out:
            of = f" of {count(row['queries'])}" if "queries" in row else ""
            text = f"{count(left_out)}{of} {row['split']} queries have nothing relevant in the gallery"
            found.append({"text": f"{text}; they are left out of the means.", "names": []})
    for key, what in _LEFT_OUT.items():
        pictures = summary.get(key) or []
        names = [_skipped_name(one) for one in pictures[:_MOST_SKIPPED]]
        if len(pictures) > _MOST_SKIPPED:
            names.append(f"… and {count(len(pictures) - _MOST_SKIPPED)} more")
        if pictures:
            noun = "picture" if len(pictures) == 1 else "pictures"
            found.append({"text": f"{count(len(pictures))} {noun} {what}.", "names": names})
    return found


def _skipped_name(one: Any) -> str:
    if not isinstance(one, dict):
        return str(one)
    return ": ".join(str(one[key]) for key in ("item", "error") if one.get(key) not in (None, ""))
