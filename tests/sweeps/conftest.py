"""Start real sweeps of a quick objective, each in a process of its own."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@dataclass
class Ended:
    """What a sweep's process left."""

    code: int
    out: str
    err: str
    folder: Path

    def trials(self) -> dict[int, dict]:
        return {
            int(path.parent.name): json.loads(path.read_text()) for path in self.folder.glob("*/trial.json")
        }

    def table(self) -> list[tuple]:
        """All that a sweep killed and one never killed have in common."""
        found = sorted(self.trials().items())
        rows = [(number, one["state"], one["overrides"], one["value"], one["error"]) for number, one in found]
        curves = [(self.folder / str(number) / "metrics.csv").read_text() for number, _ in found]
        return list(zip(rows, curves, strict=True))

    def about(self) -> dict:
        return json.loads((self.folder / "sweep.json").read_text())


@pytest.fixture
def app(tmp_path) -> Path:
    """The objective's script, with the project's own sweeper, searches and launchers."""
    shutil.copytree(Path(__file__).parent / "app", tmp_path / "app")
    shutil.copytree(ROOT / "conf" / "hydra", tmp_path / "app" / "conf" / "hydra")
    return tmp_path / "app"


@pytest.fixture
def sweep(app):
    """``sweep(*words, to="name")`` runs ``python objective.py -m …`` until it ends; a second call goes on."""

    def run(*words: str, to: str = "one", environment: dict[str, str] | None = None) -> Ended:
        folder = app.parent / to
        command = [sys.executable, str(app / "objective.py"), "-m", *words, f"hydra.sweep.dir={folder}"]
        path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": path, "COLUMNS": "200", **(environment or {})},
            cwd=app,
            timeout=300,
        )
        return Ended(done.returncode, done.stdout, done.stderr, folder)

    return run
