"""What a run was trained with, changed by what the command line of a later script says."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from vsr.errors import ConfigError

AS_TRAINED = "as_trained"  # the entry of a group that stands for what the run was trained with
SIZE = "data.image_size"  # of the pictures; transforms take theirs from it
KEYS = ("data", "transforms", "metrics", "evaluation", "loader", "index", "rerank")

# What a checkpoint of an earlier release calls differently.
_MOVED = {"vsr.data.benchmarks.": "vsr.data.readers.", "vsr.data.toystore.": "vsr.data.readers."}
_RENAMED = {("transforms", "grey"): "gray"}


def in_todays_words(config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration of a run of any release, its keys and targets named as they are now."""

    def value(one: Any, place: str) -> Any:
        if isinstance(one, Mapping):
            return {_RENAMED.get((place, key), key): value(part, key) for key, part in one.items()}
        if place == "_target_":
            old = next((old for old in _MOVED if str(one).startswith(old)), None)
            return one if old is None else _MOVED[old] + str(one).removeprefix(old)
        return one

    return {key: value(part, key) for key, part in config.items()}


def overridden(
    trained: Mapping[str, Any],
    given: Mapping[str, Any],
    keys: Collection[str] = KEYS,
    typed: Iterable[str] = (),
) -> dict[str, Any]:
    """``trained`` with what the command line says of ``keys``.

    A key whose entry is `AS_TRAINED` keeps what was trained with, changed in the values that are given beside
    it (``evaluation.similarity=l2``, ``data.root=photos``). Any other entry takes its place, ``none`` too.
    The size of the pictures stays that of training in every entry, until `SIZE` is given, which moves what
    the network sees too.

    Args:
        trained: plain configuration of a run.
        given: plain configuration of the script; a key that it lacks was emptied.
        keys: of both.
        typed: dotted keys that the command line itself gives: values of an entry that it chose look alike.

    Raises:
        ConfigError: values within a value, or `SIZE` is given where it does not decide what the network sees.
    """
    changed = dict(trained)
    for key in keys:
        values = dict(given.get(key) or {})
        kept = values.pop(AS_TRAINED, False)
        changed[key] = merged(trained.get(key) or {}, values, key) if kept else values
    if {"data", "transforms"} <= set(keys):
        _resize(changed, trained, given, SIZE in typed)
    return changed


def _resize(
    changed: dict[str, Any], trained: Mapping[str, Any], given: Mapping[str, Any], typed: bool
) -> None:
    """Let data and transforms of ``changed`` agree on the size, as they did in training."""
    (data, before), (view, seen) = (
        (dict(given.get(key) or {}), trained.get(key) or {}) for key in ("data", "transforms")
    )
    if "image_size" not in changed["data"] or "image_size" not in before:
        return
    if not typed and not (AS_TRAINED in data and "image_size" in data):
        changed["data"] = {**changed["data"], "image_size": before["image_size"]}
        return
    if AS_TRAINED not in view or "size" in view:
        return  # an entry takes its size from data, and a size that is given is the size
    size = changed["data"]["image_size"]
    if seen.get("size") != before["image_size"]:
        raise ConfigError(
            f"{SIZE}={size} changes nothing that the network sees: it was trained with transforms.size="
            f"{seen.get('size')} at {SIZE}={before['image_size']}; give transforms.size={size}"
        )
    changed["transforms"] = {**changed["transforms"], "size": size}


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
