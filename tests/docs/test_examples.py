"""The examples are run as the page that shows them says."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


def run(name: str, *arguments: object, call: str = "main(*sys.argv[1:])") -> str:
    """Standard output of an example: its file's code, then ``call``."""
    code = f"import sys; sys.path.insert(0, {str(EXAMPLES)!r}); from {name} import main; {call}"
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=EXAMPLES.parents[1]).stdout


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_is_short(path):
    assert len(path.read_text().splitlines()) <= 40


def test_embeddings_are_measured(tmp_path):
    labels = np.arange(40) // 4
    centers = np.eye(10)[labels]
    np.save(tmp_path / "x.npy", centers + np.random.default_rng(0).normal(0, 1e-3, centers.shape))
    np.save(tmp_path / "y.npy", labels)
    said = dict(
        line.split()[:2]
        for line in run("measure_embeddings", tmp_path / "x.npy", tmp_path / "y.npy").splitlines()
    )
    assert said["map"] == said["hit_rate@1"] == "1.000"
    assert said["precision@10"] == "0.300"


def test_a_network_learns_without_lightning(write_pictures):
    said = run(
        "train_with_pytorch",
        write_pictures({"cup": 8, "mug": 8, "pot": 8, "pan": 8}),
        call="main(sys.argv[1], steps=3)",
    )
    assert said.startswith("step 0: loss ")


def test_the_nearest_photo_of_a_photo_is_itself(write_pictures):
    root = write_pictures({"cup": 3, "mug": 3})
    call = "main(*sys.argv[1:], weights=None)"
    first = run("search_photos", root, root / "mug" / "1.jpg", call=call).splitlines()[0]
    assert first.endswith("mug/1.jpg")
    assert float(first.split()[0]) == pytest.approx(1, abs=1e-3)
