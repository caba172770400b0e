"""Names of the precision that networks compute in: Lightning's, read without Lightning."""

from collections.abc import Mapping
from typing import Any

from vsr.as_trained import AS_TRAINED
from vsr.errors import ConfigError, nearest

FULL = "32-true"
PRECISIONS = (FULL, "bf16-mixed", "16-mixed", "bf16-true", "16-true", "64-true")
SHORT_NAMES = {"64": "64-true", "32": FULL, "16": "16-mixed", "bf16": "bf16-mixed"}


def named_precision(value: str | int | None, place: str = "precision") -> str:
    """One of `PRECISIONS`; `FULL` for None.

    Args:
        value: one of them, or a short name that Lightning takes for one: 64, 32, 16 or bf16.
        place: key of the configuration.

    Raises:
        ConfigError: anything else. ``transformer-engine`` puts layers of its own into the network, which then
            is another one than what is measured and served.
    """
    name = FULL if value is None else SHORT_NAMES.get(str(value), str(value))
    if name not in PRECISIONS:
        raise ConfigError(f"{place}: there is no '{name}'{nearest(name, PRECISIONS)}")
    return name


def precision_of(trained: Mapping[str, Any], asked: str | int | None, place: str) -> str:
    """What ``asked`` says, or the precision of the run with the configuration ``trained`` if as trained."""
    if asked != AS_TRAINED:
        return named_precision(asked, place)
    before = (trained.get("trainer") or {}).get("precision")
    return named_precision(before, "trainer.precision of the checkpoint")
