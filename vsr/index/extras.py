"""Libraries that are installed only on request."""

import importlib
from types import ModuleType


def library(module: str, extra: str) -> ModuleType:
    """The module ``module``, which the extra ``extra`` installs.

    Raises:
        ImportError: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(f"index={extra} needs its library: pip install 'vsr[{extra}]' ({error})") from error
