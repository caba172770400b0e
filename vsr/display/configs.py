"""A composed configuration in short: a line a group, the values that a person chose between."""

from collections.abc import Mapping
from typing import Any

_ALONE = "run"  # the group of values that stand in no group
_HIDDEN = {"hydra"}
_MOST_ITEMS = 4

Part = tuple[str, str]  # key and value; an empty key for a class


def short_groups(config: Mapping[str, Any]) -> list[tuple[str, list[Part]]]:
    """The groups of ``config`` in their order, each with what it says.

    Nulls and keys that begin with an underscore are left out; a ``_target_`` becomes its class name, and a
    nested one stands for all below it.
    """
    alone = [part for key, value in config.items() if not _is_group(value) for part in _parts(key, value)]
    groups = [(_ALONE, alone)] if alone else []
    for name, node in config.items():
        if _is_group(node) and name not in _HIDDEN:
            parts = _class_parts(node) + [
                part
                for key, value in node.items()
                if not str(key).startswith("_")
                for part in _parts(key, value)
            ]
            if parts:
                groups.append((str(name), parts))
    return groups


def _is_group(value: Any) -> bool:
    return isinstance(value, Mapping)


def _class_parts(node: Mapping[str, Any]) -> list[Part]:
    target = node.get("_target_")
    return [("", _class_name(target))] if target else []


def _class_name(target: Any) -> str:
    return str(target).rsplit(".", 1)[-1]


def _parts(key: Any, value: Any) -> list[Part]:
    key = str(key)
    if value is None or value == "" or value == [] or value == {}:
        return []
    if isinstance(value, Mapping):
        if "_target_" in value:
            return [(key, _class_name(value["_target_"]))]
        inner = [
            part
            for below, one in value.items()
            if not str(below).startswith("_")
            for part in _parts(below, one)
        ]
        return [(f"{key}.{below}" if below else key, text) for below, text in inner]
    if isinstance(value, list | tuple):
        return [(key, _list_text(value))]
    return [(key, _scalar(value))]


def _list_text(values: list[Any] | tuple[Any, ...]) -> str:
    if any(
        isinstance(value, list | tuple) or (_is_group(value) and "_target_" not in value) for value in values
    ):
        return f"{len(values)} entries"
    names = [_class_name(value["_target_"]) if _is_group(value) else _scalar(value) for value in values]
    return (
        " ".join(names)
        if len(names) <= _MOST_ITEMS
        else f"{' '.join(names[: _MOST_ITEMS - 1])} … ({len(names)})"
    )


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "null" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
