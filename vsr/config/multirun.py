"""What ``-m`` does: Hydra's door to the sweeps.

Hydra reads the command line and hands the overrides over; jobs are new processes that compose their own
configuration. ``hydra/sweeper=basic`` is still Hydra's own sweeper.
"""

import importlib.util
import re
import shlex
import sys
from pathlib import Path
from typing import Any, Literal

import rich
from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override, Quote, QuotedString
from omegaconf import DictConfig, OmegaConf

from vsr.config.assemble import instantiate
from vsr.errors import ConfigError, UserError
from vsr.extras import missing
from vsr.sweeps.folder import SweepFolder, Trial
from vsr.sweeps.local import Commands
from vsr.sweeps.optuna_search import OptunaSearch
from vsr.sweeps.search import Search, Sweep
from vsr.sweeps.space import Choices, Interval, Point, Space

GROUP = "sweeps"
OURS = re.compile(r"[+~]*hydra[./](sweep|sweeper|launcher|mode|run)\b")  # what is not handed to jobs
ELSEWHERE = re.compile(r"[+~]*hydra(\.sweep\.dir=|[./]launcher)")  # … and not to a cluster's workers


class Multirun:
    """A sweep, as the command line says it.

    Args:
        config: what Hydra composed without the command line's overrides of a job.
        loader: composes the configurations of jobs.
        params: overrides by key, as on the command line, which goes before them.
        metric: by which jobs are compared; None for the one that chooses the checkpoint, else val/map.
        direction: maximize or minimize.
        search: configuration of the search, one of ``conf/hydra/sweeper/search``.
    """

    def __init__(
        self,
        config: DictConfig,
        loader: ConfigLoader,
        params: dict[str, Any] | None,
        metric: str | None,
        direction: str | None,
        search: dict[str, Any],
    ) -> None:
        self.config, self.loader = config, loader
        self.params, self.metric, self.direction, self.search = params or {}, metric, direction, search

    def run(self, arguments: list[str]) -> None:
        """Run the jobs that are not done yet, and write the report.

        Args:
            arguments: the command line's overrides, those of Hydra aside.

        Raises:
            UserError: a mistake in the sweep, or jobs that failed.
        """
        launcher = self._launcher()
        space = self._space(arguments)
        first, *_ = [self._composed(space.words(point)) for point in space.cover()]  # before any job runs
        sweep = Sweep(space, SweepFolder(Path(self.config.hydra.sweep.dir)), *self._aim(first))
        sweep.default = self._default(space)
        sweep.resumes = OmegaConf.select(first, "ckpt_path") == "last"
        search = self._search(sweep)
        sweep.folder.open(
            {
                "command": shlex.join(["python", *sys.argv]),
                "metric": sweep.metric,
                "direction": sweep.direction,
                "sampler": search.name,
                "space": space.told(),
                "fixed": space.fixed,
            }
        )
        OmegaConf.save(self.config, sweep.folder.root / "multirun.yaml")
        rich.get_console().print(f"{search.total} jobs in {sweep.folder.root}", soft_wrap=True)
        if launcher.run(sweep, search, self._commands(sweep, search, first)):
            _finish(sweep)

    def _space(self, arguments: list[str]) -> Space:
        """What varies and what does not; a key of the command line replaces one of ``params``."""
        parser = OverridesParser.create(self.loader)
        words = [*(f"{key}={value}" for key, value in self.params.items()), *arguments]
        overrides = {one.get_key_element(): one for one in parser.parse_overrides(words)}
        chosen = overrides.pop(GROUP, None)
        if chosen is not None:
            self._check_file(chosen)
        return space_of(list(overrides.values()))

    def _check_file(self, chosen: Override) -> None:
        """Raise where there are several files, or one that sets more than the sweep: jobs do not see it."""
        if chosen.is_sweep_override():
            raise ConfigError(f"{chosen.input_line}: start one sweep at a time")
        plain, swept = self._composed([]), self._composed([chosen.input_line or ""])
        for key in dict.fromkeys([*plain, *swept]):
            if key != "hydra" and plain.get(key) != swept.get(key):
                raise ConfigError(
                    f"{chosen.input_line} sets {key}; what all jobs have in common belongs under "
                    "hydra.sweeper.params"
                )

    def _composed(self, words: list[str]) -> DictConfig:
        """The configuration of a job with the overrides ``words``.

        Hydra would add all overrides of ``hydra.…``, and those of a search that only the sweep's file chooses
        have no place in a job, which does not see that file.
        """
        config = self.config.copy()
        config.hydra.overrides.hydra = self._shared()
        return self.loader.load_sweep_config(config, words)

    def _shared(self) -> list[str]:
        """The command line's overrides of Hydra's own configuration that jobs have too."""
        return [str(one) for one in self.config.hydra.overrides.hydra if not OURS.match(str(one))]

    def _aim(self, job: DictConfig) -> tuple[str, Literal["maximize", "minimize"]]:
        """Metric and direction."""
        metric = self.metric or OmegaConf.select(job, "callbacks.best.monitor") or "val/map"
        mode = OmegaConf.select(job, "callbacks.best.mode") if self.metric is None else None
        direction = self.direction or ("minimize" if mode == "min" else "maximize")
        if direction not in ("maximize", "minimize"):
            raise ConfigError(f"hydra.sweeper.direction must be maximize or minimize, got {direction}")
        return metric, direction

    def _default(self, space: Space) -> Point | None:
        """The point of the configuration as it stands, None where that is not in the space."""
        plain = self._composed(space.fixed)
        point: Point = {}
        for key, dimension in space.varied.items():
            group = plain.hydra.runtime.choices.get(key)
            word = dimension.word(group if group is not None else OmegaConf.select(plain, key))
            if word is None:
                return None
            point[key] = word
        return point

    def _search(self, sweep: Sweep) -> Search:
        targets = [str(part.get("_target_", "")) for part in self.search.values() if isinstance(part, dict)]
        if any(one.startswith("optuna.") for one in targets) and not importlib.util.find_spec("optuna"):
            raise missing("hydra/sweeper/search=optuna", "Optuna", "optuna")
        search = instantiate(self.search, "hydra.sweeper.search", sweep=sweep)
        if search.guided:
            from vsr.reports.sweep.sweep_records import REPEATED

            for key in sweep.space.varied.keys() & set(REPEATED):
                raise ConfigError(
                    f"{key} repeats a run, and a search would choose its luckiest value: search with "
                    f"one, then repeat the best with -m {key}=…"
                )
        return search

    def _launcher(self) -> Any:
        node = OmegaConf.to_container(self.config.hydra.launcher, resolve=True)
        assert isinstance(node, dict)
        if not str(node.get("_target_")).startswith("vsr."):
            raise ConfigError(
                "hydra/launcher must be local or slurm; Hydra's own launchers go with hydra/sweeper=basic"
            )
        return instantiate({str(key): value for key, value in node.items()}, "hydra.launcher")

    def _commands(self, sweep: Sweep, search: Search, first: DictConfig) -> Commands:
        shared = self._shared()
        start = [sys.executable, sys.argv[0]]
        threaded = "threads" in first and first.threads is None

        def job(trial: Trial, threads: int | None) -> list[str]:
            words = [*start, *self._options(), *sweep.space.words(trial.point), *shared]
            if threads is not None and threaded:
                words.append(f"threads={threads}")
            if isinstance(search, OptunaSearch) and search.pruner is not None:
                words.append(self._pruning(sweep, trial))
            return [*words, f"hydra.run.dir={quoted(str(sweep.folder.job(trial.number)))}"]

        again = [word for word in sys.argv[1:] if not ELSEWHERE.match(word)]
        folder = f"hydra.sweep.dir={quoted(str(sweep.folder.root))}"
        return Commands(job, [*start, *again, "hydra/launcher=local", folder])

    def _pruning(self, sweep: Sweep, trial: Trial) -> str:
        """The override that lets a job ask the pruner after every epoch."""
        folder = str(sweep.folder.job(trial.number))
        reporting = {"_target_": "vsr.sweeps.OptunaTrial", "folder": folder, "pruner": self.search["pruner"]}
        node = {"_target_": "vsr.training.Pruning", "monitor": sweep.metric, "trial": reporting}
        return f"+callbacks.pruning={quoted(node)}"

    def _options(self) -> list[str]:
        """Hydra's flags for where the configuration is, if it is not where the script has it."""
        name, sources = self.config.hydra.job.config_name, self.config.hydra.runtime.config_sources
        extra = [one.path for one in sources if one.provider == "command-line"]
        options = [] if name == Path(sys.argv[0]).stem else ["--config-name", name]
        return [*options, *(word for path in extra for word in ("--config-dir", path))]


def quoted(value: Any) -> str:
    """``value`` in the grammar of Hydra's command line, whatever characters its strings have."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{quoted(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(quoted(one) for one in value) + "]"
    if value is None or isinstance(value, bool | int | float):
        return "null" if value is None else str(value).lower() if isinstance(value, bool) else repr(value)
    return QuotedString(str(value), Quote.single).with_quotes()


def space_of(overrides: list[Override]) -> Space:
    """What the overrides vary and what they do not."""
    fixed = [one.input_line or "" for one in overrides if not one.is_sweep_override()]
    varied = {one.get_key_element(): _dimension(one) for one in overrides if one.is_sweep_override()}
    return Space(fixed, varied)


def _dimension(override: Override) -> Choices | Interval:
    """What a sweep override of the command line says."""
    if override.is_interval_sweep():
        found = override.value()
        assert isinstance(found, IntervalSweep)
        if found.start is None or found.end is None or not found.start < found.end:
            raise ConfigError(f"{override.input_line}: an interval goes from a number to a greater one")
        whole = isinstance(found.start, int) and isinstance(found.end, int)
        log = "log" in found.tags
        if log and found.start <= 0:
            raise ConfigError(f"{override.input_line}: an interval of logarithms must begin above 0")
        return Interval(found.start, found.end, log, whole)
    values = [Override._convert_value(one) for one in override.sweep_iterator()]  # pyright: ignore
    return Choices(dict(zip(override.sweep_string_iterator(), values, strict=True)))


def _finish(sweep: Sweep) -> None:
    """Write the report, say which job or which mean is the best, and raise where some failed."""
    from vsr.reports.sweep.sweep_records import read_sweep
    from vsr.reports.sweep.sweep_report import write_sweep  # it draws: nothing before needs that
    from vsr.reports.sweep.sweep_words import best_line

    console, ended = rich.get_console(), sweep.folder.ended()
    console.print(f"Report: {write_sweep(sweep.folder.root)}", soft_wrap=True)
    if found := best_line(read_sweep(sweep.folder.root)):
        console.print(found, soft_wrap=True)
    failed = [str(number) for number, one in ended.items() if one.state == "failed"]
    if failed:
        raise UserError(
            f"{len(failed)} of {len(ended)} jobs failed: {', '.join(failed)}; what they printed is in "
            f"{sweep.folder.root}/<job>/output.log"
        )
