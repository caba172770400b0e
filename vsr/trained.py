"""What a run was trained with, changed by what the command line of a later script says."""

from collections.abc import Iterable, Mapping
from typing import Any

from vsr.errors import ConfigError

AS_TRAINED = "as_trained"  # the entry of a group that stands for what the run was trained with
KEYS = ("data", "transforms", "metrics", "evaluation", "loader", "index", "rerank")


def overridden(
    trained: Mapping[str, Any], given: Mapping[str, Any], keys: Iterable[str] = KEYS
) -> dict[str, Any]:
    """``trained`` with what the command line says of ``keys``.

    A key whose entry is `AS_TRAINED` keeps what was trained with, changed in the values that are given beside
    it (``evaluation.similarity=l2``, ``data.root=photos``). Any other entry takes its place, ``none`` too.

    Args:
        trained: plain configuration of a run.
        given: plain configuration of the script; a key that it lacks was emptied.
        keys: of both.
    """
    changed = dict(trained)
    for key in keys:
        values = dict(given.get(key) or {})
        kept = values.pop(AS_TRAINED, False)
        changed[key] = merged(trained.get(key) or {}, values, key) if kept else values
    return changed


def merged(below: Mapping[str, Any], above: Mapping[str, Any], place: str) -> dict[str, Any]:
    """``below`` with the values of ``above`` in it, key by key at any depth.

    Raises:
        ConfigError: values within something that is not there.
    """
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        if isinstance(value, Mapping) and "_target_" not in value:
            if old is not None and not isinstance(old, Mapping):
                raise ConfigError(f"{place}.{key} is one value ({old}), got {dict(value)}")
            value = merged(old or {}, value, f"{place}.{key}")
        result[key] = value
    return result
