import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

import vsr.extras
from vsr.errors import ConfigError
from vsr.extras import DISTRIBUTION, library, package_command

ROOT = Path(__file__).parents[1]
TOLD = ROOT / "pyproject.toml"


def test_in_a_checkout_uv_installs_an_extra():
    with pytest.raises(ConfigError) as raised:
        library("no_such_library", "model=timm", "timm", "timm")
    assert str(raised.value) == (
        "model=timm needs timm (No module named 'no_such_library'); install it with: uv sync --extra timm"
    )
    assert package_command("s3fs") == "uv pip install s3fs"


def test_an_installed_package_is_named_as_it_is_called_where_packages_come_from(monkeypatch, tmp_path):
    monkeypatch.setattr(vsr.extras, "_ROOT", tmp_path)  # site-packages have no pyproject.toml
    with pytest.raises(ConfigError, match=r"with: pip install 'visual-search-research\[timm\]'$"):
        library("no_such_library", "model=timm", "timm", "timm")
    assert package_command("s3fs") == "pip install s3fs"


def test_a_library_that_is_there_but_broken_says_why(monkeypatch, tmp_path):
    (tmp_path / "broken_library.py").write_text("raise ImportError('libGL.so.1: cannot open')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match=r"needs Broken \(libGL\.so\.1: cannot open\)"):
        library("broken_library", "rerank=x", "Broken", "x")


def test_what_is_there_is_given():
    assert library("json", "a", "b", "c") is sys.modules["json"]


def test_the_name_is_that_of_the_project_and_its_own_extras_are_named_by_it():
    project = tomllib.loads(TOLD.read_text())
    assert project["project"]["name"] == DISTRIBUTION
    assert version(DISTRIBUTION) == project["project"]["version"]
    own = [one for one in project["dependency-groups"]["dev"] if one.startswith(f"{DISTRIBUTION}[")]
    named = {name for one in own for name in one.partition("[")[2].partition("]")[0].split(",")}
    assert named <= project["project"]["optional-dependencies"].keys()


def test_every_extra_that_a_message_names_exists():
    extras = tomllib.loads(TOLD.read_text())["project"]["optional-dependencies"]
    calls = re.compile(r"\b(?:library|missing)\((\s*\"[^)]*)\)")
    text = "\n".join(path.read_text() for path in sorted((ROOT / "vsr").rglob("*.py")))
    named = [re.findall(r'"([^"]*)"', one)[-1] for one in calls.findall(text)]
    assert len(named) >= 10
    assert set(named) <= extras.keys()


def test_nothing_tells_anybody_to_install_the_stranger_of_our_name():
    old = re.compile(r"\bvsr\[|(pip|uv|pipx|poetry) (pip )?(install|add)\b[^\n`]*\bvsr\b(?!/)")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("no git checkout: the files of the tree are not known")
    found = []
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path == Path(__file__) or not path.is_file():
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture
        found += [f"{name}: {line}" for line in text.splitlines() if old.search(line)]
    assert found == []
