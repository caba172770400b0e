"""How Hydra finds the sweeps of vsr: it takes plugins from the package ``hydra_plugins`` alone.

Hydra imports this file whenever a script starts, so what it needs for a sweep is imported when there is one.
"""

from pathlib import Path
from typing import Any

from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra.core.config_search_path import ConfigSearchPath
from hydra.plugins.search_path_plugin import SearchPathPlugin
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class SweepFiles(FileConfigSource):
    """The folder ``sweeps`` of a folder, and nothing else of it: ``sweeps://…`` on the search path."""

    @staticmethod
    def scheme() -> str:
        """Before the folder's path."""
        return "sweeps"

    def is_group(self, config_path: str) -> bool:
        """Whether Hydra finds groups or entries there."""
        return config_path.strip("/") in ("", "sweeps") and super().is_group(config_path)

    def is_config(self, config_path: str) -> bool:
        """Whether it is a sweep's file."""
        return config_path.startswith("sweeps/") and super().is_config(config_path)


class SweepPath(SearchPathPlugin):
    """Finds ``sweeps=temperature`` in the folder ``sweeps`` beside ``conf``."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Add the folder above ``conf`` at the end."""
        main = next((one for one in search_path.get_path() if one.provider == "main"), None)
        if main is None or main.path is None or "://" in main.path.removeprefix("file://"):
            return
        above = Path(main.path.removeprefix("file://")).parent
        if (above / "sweeps").is_dir():
            search_path.append("vsr", f"sweeps://{above}")


class Multirun(Sweeper):
    """Runs a sweep, as `vsr.config.multirun.run` says.

    Args:
        settings: of ``hydra.sweeper``.
    """

    def __init__(self, **settings: Any) -> None:
        self.settings = settings

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Take what Hydra composed; the task function is of no use, for jobs are processes."""
        self.hydra_context, self.config = hydra_context, config

    def sweep(self, arguments: list[str]) -> None:
        """Run the jobs that are not done yet, and write the report."""
        from vsr.config.multirun import Multirun

        assert self.hydra_context is not None
        assert self.config is not None
        Multirun(self.config, self.hydra_context.config_loader, **self.settings).run(arguments)
