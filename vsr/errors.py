"""What a user did wrong, told in one line.

Every mistake that a person can mend is a `UserError` whose message names the value, the place and the mend.
The scripts print that line and leave with exit code 1; any other exception is ours and keeps its traceback.
"""

import difflib
from collections.abc import Iterable


class UserError(ValueError):
    """A mistake that the user can mend: one line naming the value, the place and the mend."""


class ConfigError(UserError):
    """A configuration value or key that cannot be."""


class DataError(UserError):
    """Pictures, manifests or labels that cannot be used as they are."""


class ReadError(DataError):
    """Data that could not be read, perhaps by a DataLoader's worker.

    Args:
        message: one line. A worker hands an exception on with its traceback as the message; the last line of
            that is the one we wrote.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message.rpartition(f"{type(self).__name__}: ")[2].strip())


class CheckpointError(UserError):
    """Weights or a checkpoint that cannot be read or do not fit."""


class IndexFileError(UserError):
    """A file that is not a whole index this version can read."""


class DivergedError(UserError):
    """Training produced a loss or an embedding that is not finite."""


class Pruned(Exception):  # noqa: N818
    """Not a mistake: the sweep whose trial this run is sees no use in going on."""


def nearest(name: str, known: Iterable[str], most: int = 3) -> str:
    """The known names that look like ``name``, as the tail of an error message.

    Returns:
        ``"; did you mean 'resnet18' or 'resnet34'?"``, or the sorted choices when nothing looks alike.
    """
    choices = sorted(set(known))
    alike = difflib.get_close_matches(name, choices, n=most, cutoff=0.6)
    if alike:
        return "; did you mean " + " or ".join(repr(one) for one in alike) + "?"
    return "; choose from " + ", ".join(choices) if choices else ""
