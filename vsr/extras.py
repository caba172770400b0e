"""Libraries that are installed only on request, and the wording of how.

On PyPI the name ``vsr`` is another project's: what is installed there is called otherwise than imported.
"""

import importlib
from pathlib import Path
from types import ModuleType

from vsr.errors import ConfigError

DISTRIBUTION = "visual-search-research"
_ROOT = Path(__file__).parents[1]


def library(module: str, place: str, name: str, extra: str) -> ModuleType:
    """The module ``module`` of the library ``name``, which the extra ``extra`` installs.

    Raises:
        ConfigError: it is not installed; ``place`` needs it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise missing(place, f"{name} ({error})", extra) from error  # it may be there, but broken


def missing(place: str, name: str, extra: str) -> ConfigError:
    """The error of ``place``, such as ``model=timm``, whose library ``name`` is not installed."""
    return ConfigError(f"{place} needs {name}; install it with: {_command(extra)}")


def package_command(package: str) -> str:
    """How to install a package of which there is no extra."""
    return f"{'uv ' if _is_checkout() else ''}pip install {package}"


def _command(extra: str) -> str:
    return f"uv sync --extra {extra}" if _is_checkout() else f"pip install '{DISTRIBUTION}[{extra}]'"


def _is_checkout() -> bool:
    return (_ROOT / "pyproject.toml").is_file()
