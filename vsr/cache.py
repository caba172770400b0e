"""Where caches lie."""

import os
from pathlib import Path


def cache_root(cache_dir: str | None = None) -> Path:
    """``cache_dir``, else the folder in the environment's VSR_CACHE, else the platform's usual place."""
    if cache_dir or os.environ.get("VSR_CACHE"):
        return Path(cache_dir or os.environ["VSR_CACHE"]).expanduser()
    if os.name == "nt" and os.environ.get("LOCALAPPDATA"):
        return Path(os.environ["LOCALAPPDATA"]) / "vsr"
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "vsr"
