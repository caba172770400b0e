"""Two processes measure what one measures."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_two_processes_measure_the_untrained_network_as_one_does(script, tiny, tmp_path, store_cache):
    code, _, err = script("train", *tiny, "trainer.max_epochs=1", f"hydra.run.dir={tmp_path}/one")
    assert code == 0, err
    overrides = [*tiny, "trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2", "trainer.max_epochs=1"]
    done = subprocess.run(
        [sys.executable, "train.py", *overrides, f"hydra.run.dir={tmp_path}/two", "threads=1"],
        cwd=ROOT,
        env={**os.environ, "VSR_CACHE": str(store_cache)},
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    one, two = (json.loads((tmp_path / name / "summary.json").read_text()) for name in ("one", "two"))
    assert two["untrained"] == pytest.approx(one["untrained"], abs=1e-6)
    assert two["counts"] == one["counts"]
