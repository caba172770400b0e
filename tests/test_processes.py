"""No child outlives its parent, whatever ends the parent and whatever the child is at."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from vsr.processes import end, start

ROOT = Path(__file__).parents[1]
# It starts a process of its own, says both numbers, and then holds the interpreter's lock, as a library may.
HOLDING = """
import ctypes, os, subprocess, sys
other = subprocess.Popen(["sleep", "300"])
print(os.getpid(), other.pid, flush=True)
ctypes.PyDLL(None).sleep(300)
"""
PARENT = """
import sys
from vsr.processes import start
child = start([sys.executable, "-c", sys.argv[1]], stdout=None)
child.wait()
"""


def gone(pids: list[int], within_s: float = 1.0) -> bool:
    """Whether all of them have ended within so many seconds."""
    running = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
    deadline = time.monotonic() + within_s
    while running and time.monotonic() < deadline:
        running = [one for one in running if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
        time.sleep(0.01)
    return not running


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_child_that_holds_the_lock_and_its_own_children_end_with_the_parent(how):
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, HOLDING], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert parent.stdout is not None
    pids = [int(word) for word in parent.stdout.readline().split()]
    assert len(pids) == 2
    assert not gone(pids, 0.2)
    parent.send_signal(how)
    assert gone(pids)
    parent.wait(10)


def test_a_child_that_is_not_yet_running_python_ends_too(tmp_path):
    mark = tmp_path / "mark"
    waiting = ["/bin/sh", "-c", 'echo $$ > "$0"; exec sleep 300', str(mark)]
    code = f"from vsr.processes import start\nstart({waiting!r}).wait()"
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    while not (mark.is_file() and mark.read_text().strip()):
        time.sleep(0.01)
    parent.kill()
    assert gone([int(mark.read_text())])
    parent.wait(10)


def test_what_it_says_and_its_code_are_its_own():
    code = "import sys; print(sys.stdin.read() == ''); sys.exit(3)"
    process = start([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.read() == b"True\n"  # ends though the one that watches has not
    assert process.wait(10) == 3
    end(process)
    failing = start([sys.executable, "-c", "import os; os.kill(os.getpid(), 11)"])
    assert failing.wait(10) == -signal.SIGSEGV
    end(failing)


def test_its_number_is_that_of_the_command_and_words_reach_it_as_they_are():
    words = ["a b", "$HOME", "'\"", "*", ""]
    code = "import os, sys; print(os.getpid(), os.getsid(0)); print(sys.argv[1:])"
    process = start([sys.executable, "-c", code, *words], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.read().decode() == f"{process.pid} {process.pid}\n{words}\n"
    end(process)


def test_ending_it_ends_what_it_started_and_leaves_nothing_that_watches(tmp_path):
    process = start([sys.executable, "-c", HOLDING], stdout=subprocess.PIPE)
    assert process.stdout is not None
    pids = [int(word) for word in process.stdout.readline().split()]
    everyone = [one.pid for one in psutil.Process(process.pid).children(recursive=True)]
    assert len(everyone) == 2  # that which it started, and that which watches
    end(process)
    assert gone([*pids, *everyone])
    end(process)  # once more is no error


def test_after_a_child_ended_by_itself_nothing_that_watches_is_left():
    process = start(["true"])
    watching = [one.pid for one in psutil.process_iter() if _session(one.pid) == process.pid]
    assert process.wait(10) == 0
    end(process)
    assert gone([pid for pid in watching if pid != process.pid])


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None
