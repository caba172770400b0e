"""Watched processes, with small stand-ins for the worker: no library is loaded."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from vsr.ann import process
from vsr.ann.process import LimitError, Watched

PRELUDE = """
import json, os, sys, time
def say(**event):
    print(json.dumps(event), flush=True)
"""


@pytest.fixture
def watched(tmp_path, monkeypatch):
    """``watched(code, memory_mib, seconds)``: a process that runs ``code``, stopped at the end."""
    started = []

    def start(code, memory_mib=10_000.0, seconds=60.0):
        (tmp_path / "stand_in.py").write_text(PRELUDE + textwrap.dedent(code))
        monkeypatch.setattr(process, "WORKER", "stand_in")
        monkeypatch.syspath_prepend(tmp_path)
        started.append(Watched({}, tmp_path / "work", "one", memory_mib, seconds))
        return started[-1]

    yield start
    for one in started:
        one.stop()


def test_what_it_says_is_passed_on_in_order(watched):
    events = list(watched("say(event='grid', grid=[1]); say(event='search', n=2)").events())
    assert events == [{"event": "grid", "grid": [1]}, {"event": "search", "n": 2}]


def test_the_peak_of_a_phase_is_told_at_its_end(watched):
    code = """
    say(event='phase', phase='build', mib=1)
    block = bytearray(os.urandom(1)) * (200 * 2**20)
    time.sleep(0.5)
    del block
    say(event='phase', phase='save', mib=2)
    """
    first, second = watched(code).events()
    assert first["phase"] == "build"
    assert 200 < second["peak_mib"] < 400


def test_too_much_memory_ends_it(watched):
    one = watched(
        "blocks = [(time.sleep(0.01), bytearray(b'x') * 2**23) for _ in range(200)]", memory_mib=150
    )
    with pytest.raises(LimitError, match="more than the limit of 150 MiB"):
        list(one.events())
    one.stop()
    assert not psutil.pid_exists(one.process.pid)


def test_too_much_time_ends_it(watched):
    one = watched("time.sleep(60)", seconds=0.3)
    started = time.monotonic()
    with pytest.raises(LimitError, match="longer than the limit"):
        list(one.events())
    assert time.monotonic() - started < 30


def test_an_end_unasked_is_told_with_its_last_words(watched):
    with pytest.raises(LimitError, match="ended with code 3: last words"):
        list(watched("print('last words', file=sys.stderr); sys.exit(3)").events())
    with pytest.raises(LimitError, match="ended by SIGSEGV"):
        list(watched("os.kill(os.getpid(), 11)").events())


def test_a_failure_that_it_told_is_no_second_one(watched):
    code = "say(event='failure', knobs=None, reason='x'); sys.exit(1)"
    assert len(list(watched(code).events())) == 1


MAPPED_THEN_MINE = """
import os, sys
import numpy as np
from vsr.ann.process import private_mib

mapped = np.lib.format.open_memmap(sys.argv[1], mode="w+", dtype=np.float32, shape=(2**25,))
looks = [private_mib(os.getpid())]
mapped[:] = 1
assert np.load(sys.argv[1], mmap_mode="r").max() == 1
looks.append(private_mib(os.getpid()))
mine = np.ones(2**25, np.float32)
looks.append(private_mib(os.getpid()))
print(*looks)
"""


def test_mapped_files_do_not_count_as_memory(tmp_path):
    # in a process of its own: one that ran many tests may hand out memory that it already holds
    done = subprocess.run(
        [sys.executable, "-c", MAPPED_THEN_MINE, str(tmp_path / "m.npy")],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    before, with_mapped, with_mine = map(float, done.stdout.split())
    assert with_mapped - before < 64
    assert with_mine - before > 100


HOLDING = """
import ctypes, os
say(event="phase", phase="build", mib=os.getpid())
ctypes.PyDLL(None).sleep(300)
"""
MEASURING = """
import importlib.util, sys
from pathlib import Path
spec = importlib.util.spec_from_file_location("process", sys.argv[2])  # alone: its room loads libraries
process = importlib.util.module_from_spec(spec)
spec.loader.exec_module(process)
process.WORKER = "stand_in"
watched = process.Watched({}, Path(sys.argv[1]), "one", 10_000, 300)
try:
    for event in watched.events():
        print(event["mib"], flush=True)
finally:
    watched.stop()
"""


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_library_at_work_ends_within_a_second_of_the_comparison(tmp_path, how):
    (tmp_path / "stand_in.py").write_text(PRELUDE + textwrap.dedent(HOLDING))
    path = os.pathsep.join([str(Path(__file__).parents[2]), str(tmp_path)])
    comparing = subprocess.Popen(
        [sys.executable, "-c", MEASURING, str(tmp_path / "work"), process.__file__],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert comparing.stdout is not None
    worker = psutil.Process(int(comparing.stdout.readline()))
    comparing.send_signal(how)
    asked = time.monotonic()
    while worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < asked + 1
        time.sleep(0.01)
    comparing.wait(10)
