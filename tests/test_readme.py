"""The README speaks of the program as it is."""

import re
import shlex
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

import vsr.config.assemble  # noqa: F401 - it makes the entries `as_trained` known
from vsr.metrics.ranking import RankingMetrics

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
CONF = ROOT / "conf"


def commands() -> list[list[str]]:
    """Every ``python <script>.py …`` of the README's code blocks, as words."""
    blocks = re.findall(r"```bash\n(.*?)```", README, flags=re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    return [shlex.split(line[line.index("python ") :], comments=True) for line in lines if "python " in line]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_composes(words):
    module = words[1] == "-m"
    script = f"{words[2].replace('.', '/')}.py" if module else words[1]
    overrides = words[3 if module else 2 :]
    package = ROOT / script.removesuffix(".py") / "__main__.py"
    assert (ROOT / script).is_file() or (module and package.is_file())
    script = script.rpartition("/")[2]
    if not script.startswith(("train", "evaluate", "inspect")):
        return
    overrides = [word for word in overrides if word != "-m" and not word.startswith("hydra.")]
    first = [re.sub(r"=([^\[]*?),.*", r"=\1", word) for word in overrides]  # the first job of a sweep
    with initialize_config_dir(str(CONF), version_base="1.3"):
        compose(script.removesuffix(".py"), first)


def test_every_entry_of_the_main_groups_is_named():
    for group in ("model", "loss", "data", "sampler", "transforms", "optimizer", "scheduler", "logger"):
        for path in (CONF / group).glob("[!_]*.yaml"):
            assert path.stem == "default" or f"`{path.stem}`" in README, f"{group}={path.stem}"


def test_every_metric_of_the_default_set_is_defined():
    table = README[README.index("## Metrics") :]
    for name in ("mrr", "recall@k", "hit_rate@k", "precision@k", "map@k", "map@r", "r_precision", "ndcg@k"):
        assert f"`{name}`" in table
        RankingMetrics([name.replace("@k", "@5")])


def test_the_readme_is_short():
    assert len(README.splitlines()) < 250
