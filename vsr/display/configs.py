"""A composed configuration in short: a line per group, with the values that a person chooses."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_ALONE = "run"  # the group of values outside any group
_HIDDEN = {"hydra"}
_MOST_ITEMS = 4

Part = tuple[str, str]  # key and value; an empty key for a class


def short_groups(config: Mapping[str, Any]) -> list[tuple[str, list[Part]]]:
    """The groups of ``config`` in order, each with its values.

    Nulls and keys that begin with an underscore are left out; a ``_target_`` becomes its class name, and a
    nested one stands for everything below it.
    """
    alone = {key: value for key, value in config.items() if not isinstance(value, Mapping)}
    groups = {_ALONE: alone} | {
        key: value for key, value in config.items() if key not in alone and key not in _HIDDEN
    }
    found = [(str(name), list(_group(node))) for name, node in groups.items()]
    return [(name, parts) for name, parts in found if parts]


def _group(node: Mapping[str, Any]) -> Iterator[Part]:
    if "_target_" in node:
        yield "", _text(node)
    for key, value in node.items():
        yield from _parts(str(key), value)


def _parts(key: str, value: Any) -> Iterator[Part]:
    if key.startswith("_") or value is None or value in ("", [], {}):
        return
    if isinstance(value, Mapping) and "_target_" not in value:
        for below, one in value.items():
            for inner, text in _parts(str(below), one):
                yield f"{key}.{inner}", text
    else:
        yield key, _list_text(value) if isinstance(value, list | tuple) else _text(value)


def _list_text(values: Sequence[Any]) -> str:
    if any(
        isinstance(one, list | tuple) or (isinstance(one, Mapping) and "_target_" not in one)
        for one in values
    ):
        return f"{len(values)} entries"
    names = [_text(one) for one in values]
    if len(names) > _MOST_ITEMS:
        names[_MOST_ITEMS - 1 :] = [f"… ({len(names)})"]
    return " ".join(names)


def _text(value: Any) -> str:
    """A scalar, or the class name of a node with ``_target_``."""
    if isinstance(value, Mapping):
        return str(value["_target_"]).rsplit(".", 1)[-1]
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
