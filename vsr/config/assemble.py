"""Turn a composed configuration into objects: the one place that knows Hydra besides the scripts.

torch and Lightning are imported by the functions that need them: a misspelled key is answered at once.
"""

import errno
import inspect
import logging
import os
import shlex
import sys
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

import hydra
import rich
from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobReturn, JobStatus
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from hydra.types import RunMode
from hydra.utils import get_object
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

from vsr.as_trained import AS_TRAINED, KEYS, overridden
from vsr.errors import ConfigError, Pruned, UserError, nearest
from vsr.precision import precision_of
from vsr.sweeps.job import PRUNED
from vsr.trainer import ELSEWHERE, accepted

if TYPE_CHECKING:
    from torch import nn

log = logging.getLogger(__name__)

ONE_ENTRY = ("data", "transforms", "sampler", "model", "loss", "memory", "finetune", "optimizer", "scheduler")
KINDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    list: "a list",
    type(None): "null",
}
TARGETS = ("vsr.", "torch.", "torchvision.", "lightning.", "optuna.")

# The entry `as_trained` of groups of evaluate.py and compare.py. What it stands for is known only when the
# checkpoint is read, so it takes any value: values are checked where objects are made. YAML cannot say that.
for _group in KEYS:
    ConfigStore.instance().store(
        group=_group,
        name=AS_TRAINED,
        node=OmegaConf.create({AS_TRAINED: True}, flags={"struct": False}),
        provider="vsr",
    )


def instantiate(node: dict[str, Any], place: str, **objects: Any) -> Any:
    """Build the object that a configuration node describes.

    Args:
        node: plain configuration with ``_target_``.
        place: its key in the configuration, for error messages.
        objects: constructor arguments that are objects rather than configuration.

    Raises:
        ConfigError: the target is not one of ours, an argument is unknown or missing, or a value is refused.
    """
    check_node(node, place, objects)
    try:
        return hydra.utils.instantiate(node, _convert_="all", **objects)
    except HydraException as error:
        cause = error.__cause__
        if isinstance(cause, UserError):
            raise cause from None
        if isinstance(cause, ValueError | ImportError):
            raise ConfigError(f"{place}: {cause}") from cause
        if isinstance(cause, TypeError):
            _check_kinds(node, place)
        raise


def check_node(node: dict[str, Any], place: str, objects: dict[str, Any] | None = None) -> None:
    """Bind the keys of ``node``, and of every node in it, to the signature of its target.

    Raises:
        ConfigError: a key that the target does not take, a missing one, or a target that is not allowed.
    """
    if "_target_" not in node:
        raise ConfigError(f"{place} has no _target_; choose an entry of conf/{place}/ (such as {place}=…)")
    target = node["_target_"]
    if not target.startswith(TARGETS):
        raise ConfigError(f"{place}._target_ must begin with one of {', '.join(TARGETS)}, got {target}")
    try:
        takes = inspect.signature(get_object(target)).parameters
    except Exception as error:
        raise ConfigError(f"{place}._target_ names nothing that can be imported: {target}") from error
    given = {key for key in node if not key.startswith("_")} | set(objects or {})
    for key in sorted(given - set(takes)):
        raise ConfigError(
            f"{place}.{key} is not an option of {target.rpartition('.')[2]}{nearest(key, takes)}"
        )
    if not node.get("_partial_"):
        for name, parameter in takes.items():
            required = parameter.default is inspect.Parameter.empty and parameter.kind.name in (
                "POSITIONAL_OR_KEYWORD",
                "KEYWORD_ONLY",
            )
            if required and name not in given:
                raise ConfigError(f"{place}.{name} must be set for {target.rpartition('.')[2]}")
    _check_within(node, place)


def _check_kinds(node: dict[str, Any], place: str) -> None:
    """Find the value that made a constructor raise TypeError: one of another kind than its annotation says.

    Raises:
        ConfigError: there is one.
    """
    target = get_object(node["_target_"])
    try:
        hints = get_type_hints(target.__init__ if isinstance(target, type) else target)
    except (NameError, TypeError):  # imported for checkers only, or not written in Python
        return
    for key, value in node.items():
        kinds = _kinds(hints.get(key))
        if isinstance(value, dict) and "_target_" in value:
            _check_kinds(value, f"{place}.{key}")
        elif kinds and type(value) not in kinds | ({int} if float in kinds else set()):
            wanted = " or ".join(KINDS[kind] for kind in KINDS if kind in kinds)
            raise ConfigError(f"{place}.{key} must be {wanted}, got {value}")


def _kinds(hint: Any) -> set[type]:
    """Types of plain configuration that an annotation allows; empty when it says nothing of them."""
    if isinstance(hint, UnionType) or get_origin(hint) is Union:
        parts = [_kinds(part) for part in get_args(hint)]
        return set().union(*parts) if all(parts) else set()
    kind = get_origin(hint) or hint
    kind = list if kind in (Sequence, tuple) else kind
    return {kind} if kind in KINDS else set()


def _with_objects(target: str, values: dict[str, Any], place: str, **objects: Any) -> Any:
    """What ``target`` makes of ``values``, checked like a node's, and of ``objects``, which stay as they are.

    Hydra would copy those that are dataclasses.
    """
    check_node({"_target_": target, **values}, place, objects)
    try:
        return get_object(target)(**values, **objects)
    except UserError:
        raise  # it names its key itself
    except ValueError as error:
        raise ConfigError(f"{place}: {error}") from error


def _check_within(value: Any, place: str) -> None:
    """Check the nodes anywhere inside ``value``: Hydra instantiates them all."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        if isinstance(part, dict) and "_target_" in part:
            check_node(part, f"{place}.{key}")
        else:
            _check_within(part, f"{place}.{key}")


def plain(cfg: DictConfig) -> dict[str, Any]:
    """The configuration as plain data, every interpolation resolved.

    Raises:
        ConfigError: a mandatory value is missing or an interpolation leads nowhere.
    """
    try:
        container = OmegaConf.to_container(cfg, resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        key = getattr(error, "full_key", None) or "configuration"
        raise ConfigError(f"{key} must be set; give {key}=… on the command line") from error
    assert isinstance(container, dict)
    return {str(key): value for key, value in container.items()}


def _own(cfg: DictConfig) -> dict[str, Any]:
    """`plain` of what a script that reads a checkpoint says besides what `as_trained` stands for."""
    return plain(OmegaConf.masked_copy(cfg, [str(key) for key in cfg if key not in KEYS]))


def _overridden(
    trained: dict[str, Any], cfg: DictConfig, keys: Sequence[str] = KEYS, typed: Iterable[str] = ()
) -> dict[str, Any]:
    """``trained`` with what ``cfg`` says of ``keys``; what an entry takes from other groups is of the result.

    Raises:
        ConfigError: as `plain` and `vsr.as_trained.overridden`.
    """
    given = OmegaConf.to_container(cfg, resolve=False)
    assert isinstance(given, dict)
    named = {str(key): one for key, one in given.items()}
    return plain(OmegaConf.create(overridden(trained, named, keys, typed)))


def _typed() -> list[str]:
    """Keys of the command line's overrides."""
    return [one.lstrip("+~").partition("=")[0] for one in HydraConfig.get().overrides.task]


def run_folder() -> Path:
    """The run folder: ``hydra.run.dir``, or the job's folder in a sweep.

    Raises:
        ConfigError: a sweep's file was chosen for a single run, which would not follow it.
    """
    chosen = HydraConfig.get().runtime.choices.get("sweeps")
    if chosen is not None:
        raise ConfigError(f"sweeps={chosen} is a sweep: start it with -m")
    return Path(HydraConfig.get().runtime.output_dir)


def _is_named() -> bool:
    """Whether the run folder's name was given, or a job's number, rather than made from the time."""
    config = HydraConfig.get()
    folder = OmegaConf.to_container(config.run, resolve=False)["dir"]  # pyright: ignore
    return config.mode != RunMode.RUN or "${now:" not in folder


def _check_choices() -> None:
    """Raise ConfigError where a list was chosen in a group that takes one entry: Hydra would merge them."""
    choices = HydraConfig.get().runtime.choices  # which leaves lists out
    for group in ONE_ENTRY:
        if group not in choices:
            mend = "loss=combined sums several" if group == "loss" else "choose one"
            raise ConfigError(f"{group}=[…] gives several entries where one goes; {mend}")


def network(config: dict[str, Any]) -> "nn.Module":
    """The model that ``config`` describes, its random initialization decided by ``seed``.

    With the parts that ``finetune`` adds to it: a checkpoint holds their weights too.
    """
    import torch

    if config.get("seed") is not None:
        torch.manual_seed(config["seed"])
    model = instantiate(config["model"], "model")
    if config.get("finetune"):
        instantiate(config["finetune"], "finetune").adapt(model)
    return model


def datamodule(config: dict[str, Any]) -> Any:
    """Reader, transforms, positives and sampler of ``config``, joined in a `VisualSearchData`."""
    reader, transforms, positives, sampler = (
        instantiate(config[key], key) for key in ("data", "transforms", "positives", "sampler")
    )
    return _with_objects(
        "vsr.data.loading.VisualSearchData",
        config["loader"],
        "loader",
        catalogue=reader.read(),
        transforms=transforms,
        positives=positives,
        sampler=sampler,
        seed=config.get("seed") or 0,
    )


def training_run(cfg: DictConfig) -> Any:
    """Everything that `vsr.runs.train` needs, from the composed ``train.yaml``.

    Raises:
        UserError: a value, a file or a picture folder that cannot be used.
    """
    from vsr.data.samplers.sampler import LearningSampler
    from vsr.runs.train import Run
    from vsr.threads import set_threads
    from vsr.training.checkpoints import looks_at_test
    from vsr.training.class_means import ClassMeans
    from vsr.training.evaluate_test_every_epoch import EveryEpochTest
    from vsr.training.history import Record
    from vsr.training.resume import check_same, find_resume

    _hush()
    config = plain(cfg)
    folder = run_folder()
    _check_choices()
    accepted(config["trainer"])  # before anything takes long
    resume = find_resume(config["ckpt_path"], folder, _is_named()) if config["ckpt_path"] else None
    set_threads(config["threads"])
    evaluation = ranking_evaluation(config)
    module = training_module(config)
    data = datamodule(config)  # last of what a mistake in the configuration can reach: it may take a while
    data.check()
    if resume is not None:
        check_same(resume, config, data.catalogue.fingerprint)
    module.set_up(data.examples.labels)
    callbacks = [instantiate(node, f"callbacks.{name}") for name, node in config["callbacks"].items() if node]
    if isinstance(data.sampler, LearningSampler):
        callbacks.append(ClassMeans(data.sampler, data.examples.labels[:, 0]))
    best = config["callbacks"].get("best") or {"monitor": "val/map", "mode": "max"}
    record = Record(best["monitor"], best["mode"])
    on_test = [EveryEpochTest(evaluation)] if looks_at_test(config) else []
    loggers = [instantiate(config["logger"], "logger", save_dir=str(folder))] if config["logger"] else False
    trainer = _trainer(config["trainer"], folder, [evaluation, *on_test, record, *callbacks], loggers)
    for logger in trainer.loggers:
        logger.log_hyperparams(config)
    return Run(module, data, trainer, evaluation, record, folder, config, resume, config["seed"])


def _trainer(options: dict[str, Any], folder: Path, callbacks: list[Any], logger: Any) -> Any:
    """Lightning's Trainer for a run in ``folder``.

    Raises:
        ConfigError: an option that we set ourselves, or a value that Lightning or we refuse.
    """
    from lightning.fabric.utilities.exceptions import MisconfigurationException

    from vsr.training.trainer import agreeing, profile_into

    options, callbacks = agreeing(accepted(options), callbacks)
    objects = {"default_root_dir": str(folder), "callbacks": callbacks, "logger": logger}
    try:
        trainer = instantiate(options, "trainer", **objects)
    except HydraException as error:
        if isinstance(error.__cause__, MisconfigurationException):
            raise ConfigError(f"trainer: {error.__cause__}") from error
        raise
    profile_into(trainer, folder)
    return trainer


def training_module(config: dict[str, Any]) -> Any:
    """The Lightning module of a training run: network, loss, memory, and how they learn."""
    import torch

    from vsr.models.compiling import compile_backbone
    from vsr.training.module import VisualSearchModule

    seed = config["seed"]
    model = network(config)
    if config["compile"] is not None:
        compile_backbone(model, config["compile"])  # pyright: ignore[reportArgumentType]
    return VisualSearchModule(
        model,
        instantiate(config["loss"], "loss"),
        instantiate(config["optimizer"], "optimizer"),
        instantiate(config["scheduler"], "scheduler"),
        instantiate(config["finetune"], "finetune"),
        instantiate(config["memory"], "memory") if config["memory"] else None,
        instantiate({"_target_": "vsr.training.LargeBatch", **config["large_batch"]}, "large_batch"),
        seed=seed if seed is not None else int(torch.seed() % 2**31),
        config=config,
    )


def ranking_evaluation(config: dict[str, Any]) -> Any:
    """The evaluation callback with the metrics, index and rerankers of ``config``."""
    index = instantiate(config["index"], "index") if config.get("index") else None
    rerankers = [
        instantiate(node, f"rerank.{name}") for name, node in (config.get("rerank") or {}).items() if node
    ]
    metrics = instantiate(config["metrics"], "metrics")
    return _with_objects(
        "vsr.training.RankingEvaluation",
        config["evaluation"],
        "evaluation",
        metrics=metrics,
        index=index,
        rerankers=rerankers,
    )


def evaluation_run(cfg: DictConfig) -> Any:
    """What `vsr.runs.evaluate_checkpoint` needs, from the composed ``evaluate.yaml``.

    Everything in `vsr.as_trained.KEYS`, and the precision, is what the checkpoint was trained with, unless
    the command line says otherwise.
    """
    from torch import nn

    from vsr.runs.evaluate import EvaluationRun
    from vsr.threads import set_threads
    from vsr.training.checkpoints import read_checkpoint, without_weights
    from vsr.training.module import VisualSearchModule

    _hush()
    given = _own(cfg)
    statistics, thresholds = (instantiate(given[key], key) for key in ("statistics", "thresholds"))
    checkpoint = read_checkpoint(given["checkpoint"])
    _check_split(checkpoint["vsr_config"], cfg)
    config = _overridden(checkpoint["vsr_config"], cfg, typed=_typed())
    config["model"] = without_weights(config["model"])
    set_threads(given["threads"])
    folder = run_folder()
    precision = precision_of(config, given["trainer"]["precision"], "trainer.precision")
    config["trainer"] = {**(config.get("trainer") or {}), "precision": precision}
    module = VisualSearchModule(network(config), nn.Module(), config=config)
    evaluation = ranking_evaluation(config)
    options = {**given["trainer"], "precision": precision}
    trainer = _trainer(options, folder, [evaluation, *_progress(given)], False)
    return EvaluationRun(
        module,
        datamodule(config),
        trainer,
        evaluation,
        folder,
        Path(given["checkpoint"]),
        given["split"],
        config,
        statistics,
        thresholds,
        Path(given["against"]) if given["against"] else None,
    )


def compares(cfg: DictConfig) -> bool:
    """Whether ``evaluate.py`` is to compare two evaluations rather than measure a checkpoint.

    Raises:
        ConfigError: neither is asked for, or both, or one side alone.
    """
    checkpoint, a, b = cfg.checkpoint, cfg.a, cfg.b
    if checkpoint is None and a is None and b is None and cfg.against is None:
        raise ConfigError("give checkpoint=… to measure one, or a=FOLDER b=FOLDER to compare two evaluations")
    if checkpoint is not None and (a is not None or b is not None):
        raise ConfigError("checkpoint=… measures, a=… b=… compare: give one or the other")
    if checkpoint is None and cfg.against is not None:
        raise ConfigError("against=… goes with checkpoint=…; two evaluations are compared by a=… b=…")
    if checkpoint is None and (a is None or b is None):
        given, missing = ("b", "a") if a is None else ("a", "b")
        raise ConfigError(f"comparing takes two evaluations: {given} is given, {missing} is missing")
    return checkpoint is None


def comparison_run(cfg: DictConfig) -> Any:
    """What `vsr.runs.compare_evaluations` needs, from the composed ``evaluate.yaml``.

    Pictures are read as the evaluations' own configuration says, unless the command line gives ``data``.
    """
    from vsr.runs.compare_runs import ComparisonRun

    given = _own(cfg)

    def catalogue(config: dict[str, Any]) -> Any:
        return instantiate(_overridden(config, cfg, ["data"])["data"], "data").read()

    return ComparisonRun(
        Path(given["a"]),
        Path(given["b"]),
        run_folder(),
        catalogue,
        instantiate(given["statistics"], "statistics"),
        **given["comparison"],
    )


def index_comparison_run(cfg: DictConfig) -> Any:
    """What `vsr.runs.compare` needs, from the composed ``compare.yaml``.

    With a checkpoint the vectors are its embeddings of its own data, unless the command line chooses other.
    """
    from vsr.provenance import command, git_state, versions
    from vsr.runs.compare_indexes import Comparison

    _hush()
    config = _own(cfg)
    node = dict(config["comparison"])
    backends = candidates(node.pop("backends"), node.pop("only"), node["metric"], _conf("index"))
    plan = instantiate(node, "comparison", backends=backends)
    source = _embedded(cfg) if config["checkpoint"] else instantiate(config["vectors"], "vectors")
    provenance = {"command": command(), "versions": versions(), "git": git_state()}
    against = Path(config["against"]) if config["against"] else None
    return Comparison(source, plan, run_folder(), provenance, against)


def inspection_run(cfg: DictConfig) -> Any:
    """What `vsr.runs.inspect_data.inspect_data` needs, from the composed ``inspect.yaml``."""
    from vsr.runs.inspect_data import InspectionRun

    config = plain(cfg)
    inspector = instantiate(config["inspector"], "inspector")
    reader = instantiate(config["data"], "data")
    shown = {key: config[key] for key in ("examples", "sample_labels", "sample_pictures")}
    command = shlex.join(["python", "-m", "vsr.data.inspect", *sys.argv[1:]])
    return InspectionRun(reader.read(), inspector, run_folder(), command, **shown)


def candidates(backends: dict[str, Any], only: list[str], metric: str, entries: Path) -> list[Any]:
    """Index methods by their entries in conf/index, with what the comparison changes in them.

    Args:
        backends: by name; each may say ``index`` (the entry, by default its name), ``build`` (arguments that
            differ from the entry's), ``search`` (values by search knob, by default those that the class
            declares) and ``family``.
        only: names of some of them; all when empty.
        metric: of all of them.
        entries: the folder conf/index.

    Raises:
        ConfigError: a name or an argument that there is not.
    """
    from vsr.ann.plan import Candidate, chosen, settings

    known = {path.stem: path for path in entries.glob("*.yaml") if path.stem != "none"}
    made = []
    for name, given in chosen(backends, only).items():
        given, place = given or {}, f"comparison.backends.{name}"
        entry = given.get("index", name)
        if entry not in known:
            raise ConfigError(f"{place}: there is no index '{entry}' in conf/index/{nearest(entry, known)}")
        node = {**OmegaConf.to_container(OmegaConf.load(known[entry])), **given.get("build", {})}  # pyright: ignore
        node["metric"] = metric
        check_node(node, place)
        target = node.pop("_target_")
        family = given.get("family", "other")
        made.append(Candidate(name, target, node, family, settings(given.get("search"))))
    return made


def _embedded(cfg: DictConfig) -> Any:
    """Queries and gallery of a checkpoint, by the model and the transform that it is evaluated with."""
    from vsr.ann.embedded import Embedded
    from vsr.runs.evaluate import load_model
    from vsr.training.checkpoints import read_checkpoint, without_weights

    path = Path(cfg.checkpoint)
    config = read_checkpoint(path)["vsr_config"]
    _check_split(config, cfg)
    trained = _overridden(config, cfg, ("data", "transforms", "loader"), _typed())
    trained["model"] = without_weights(trained["model"])
    model = network(trained)
    load_model(model, path)
    precision = precision_of(config, cfg.precision, "precision")
    return Embedded(model, datamodule(trained), cfg.split, path, precision)


def _check_split(trained: dict[str, Any], cfg: DictConfig) -> None:
    """Raise where a part of a checkpoint's networks learned from what is to be measured."""
    from vsr.training.checkpoints import VAL_SEEN

    if cfg.split == "val" and trained.get(VAL_SEEN) and AS_TRAINED in (cfg.get("data") or {}):
        raise ConfigError(
            f"split=val: networks of other folds in {cfg.checkpoint} learned from it; use split=test"
        )


def _conf(group: str) -> Path:
    """The folder of a group of the configuration in use."""
    sources = HydraConfig.get().runtime.config_sources
    return next(Path(one.path) for one in sources if one.provider == "main") / group


def _progress(config: dict[str, Any]) -> list[Any]:
    return [instantiate(config["progress"], "progress")] if config.get("progress") else []


def run_script(main: Callable[[], None]) -> None:
    """Run a script's ``main``; a user's mistake becomes one line on standard error and exit code 1.

    Any other exception keeps its traceback: it is a defect of the program, not of its use.
    """
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then raises instead of printing, and the line is ours
    logging.getLogger("faiss.loader").setLevel(logging.WARNING)  # it tells which of its builds it tried
    quiet: Any = JobReturn  # whose property prints the overrides before it raises: a second line
    quiet.return_value = property(_returned, JobReturn.return_value.fset)
    try:
        main()
    except Pruned as reason:
        rich.get_console().print(str(reason))
        sys.exit(PRUNED)
    except UserError as error:
        _leave(str(error))
    except (HydraException, ValueError) as error:
        line = explain(error)
        if line is None:
            raise
        _leave(line)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        _leave(
            f"no disk space left for {error.filename or 'the run folder'}; free some or set hydra.run.dir=…"
        )


def _returned(job: JobReturn) -> Any:
    """What a job returned; what it raised is raised."""
    if job.status == JobStatus.COMPLETED:
        return job._return_value
    raise job._return_value


def explain(error: Exception) -> str | None:
    """One line for a command line that Hydra refuses, with the nearest names; None for any other error."""
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, name = error.missing_cfg_file.rpartition("/")
        known = error.options  # which Hydra does not tell of an entry in a list
        if known is None:
            known = [path.stem for path in (Path(__file__).parents[2] / "conf" / group).glob("*.yaml")]
        place = group if group == "sweeps" else f"conf/{group}"
        return f"{group}={name}: no such entry in {place}/{nearest(name, known)}"
    if isinstance(error, OverrideParseException):
        return f"{error.override} cannot be read as key=value; quote what the shell or Hydra reads as a sign"
    cause = error.__cause__
    if isinstance(cause, ConfigKeyError | ConfigAttributeError) and cause.parent_node is not None:
        parent, _, name = str(cause.full_key).rpartition(".")
        if parent == "trainer" and name in ELSEWHERE:
            return f"{cause.full_key} is not set here: {ELSEWHERE[name]}"
        known = [str(key) for key in cause.parent_node]
        return f"{cause.full_key} is not in the configuration{nearest(name or parent, known)}"
    if isinstance(error, HydraException):
        return str(error)
    if "Config group override must be a string or a list" in str(error):
        empty = next((word for word in sys.argv[1:] if word.endswith("=null")), "group=null")
        return f"{empty}: a group is emptied by its entry none; use {empty.partition('=')[0]}=none"
    return None


def _hush() -> None:
    """Keep Lightning's chatter off the screen. Called after its import, which sets up its own loggers."""
    for name in ("lightning.pytorch", "lightning.fabric"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.WARNING)
        logger.handlers.clear()
        logger.propagate = True
    for message in (".*does not have many workers.*", ".*LeafSpec.*", ".*The `srun` command is available.*"):
        warnings.filterwarnings("ignore", message=message)


def _leave(line: str) -> None:
    rich.get_console().file.flush()
    sys.stderr.write("error: " + " ".join(line.split()) + "\n")
    sys.exit(1)
