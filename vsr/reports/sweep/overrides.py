"""Configuration values as text: as typed on a command line, and as shown to readers."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from vsr.display.formats import small

_WORDS = {"null": None, "true": True, "false": False}


def parsed(overrides: Iterable[str]) -> dict[str, Any]:
    """Value by key of overrides such as ``optimizer.lr=1e-3``; a removed group (``~key``) is None."""
    found = {}
    for one in overrides:
        key, equals, text = str(one).partition("=")
        found[key.lstrip("+~")] = None if key.startswith("~") or not equals else _value(text)
    return found


def _value(text: str) -> Any:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text.strip("'\"")


def as_text(value: Any) -> str:
    """A value as typed; floats with all their digits."""
    if value is None or isinstance(value, bool | list | dict):
        return json.dumps(value)
    return repr(value) if isinstance(value, float) else str(value)


def shown(value: Any) -> str:
    """A value for readers: floats with three digits."""
    if not isinstance(value, float):
        return as_text(value)
    return small(value) if value and not 1e-2 <= abs(value) < 1e5 else f"{value:.3g}"


def named(overrides: Mapping[str, Any], keys: Iterable[str]) -> str:
    """``loss=circle, loss.margin=0.25``: those of ``keys`` that are given."""
    return ", ".join(f"{key}={shown(overrides[key])}" for key in keys if key in overrides)


def typed(overrides: Mapping[str, Any], before: Iterable[str] = ()) -> str:
    """Overrides for a command line, those of ``before`` first, quoted where a shell needs it."""
    words = [*before, *(f"{key}={as_text(value)}" for key, value in overrides.items())]
    return " ".join(f"'{word}'" if set(word) & set(' []{}()$&|;<>*?~"\\') else word for word in words)
