"""Child processes that end with the process that started them, however that one ends."""

import os
import subprocess
from typing import IO

# A shell that becomes the command, and a second one in its group that waits for our end of the pipe to close:
# the system closes it when we die, be it by SIGKILL. Python in the child could not look after that itself:
# while it loads its libraries, or one of them holds the interpreter's lock, no other thread of it runs.
_WATCHED = 'exec 3<&0 </dev/null; { read -r _ <&3; kill -KILL 0; } >/dev/null 2>&1 & exec "$@" 3<&-'


def start(
    command: list[str],
    stdout: IO[bytes] | int | None = None,
    stderr: IO[bytes] | int | None = None,
    env: dict[str, str] | None = None,
) -> "subprocess.Popen[bytes]":
    """Start ``command`` in a session of its own, so that Ctrl-C is ours to answer.

    Its standard input is empty. Where there is no POSIX shell it may outlive us.

    Args:
        command: program and arguments.
        stdout: as `subprocess.Popen` takes it.
        stderr: as `subprocess.Popen` takes it.
        env: its whole environment; None is ours.
    """
    watched = command if os.name == "nt" else ["/bin/sh", "-c", _WATCHED, "sh", *command]
    return subprocess.Popen(
        watched, stdin=subprocess.PIPE, stdout=stdout, stderr=stderr, env=env, start_new_session=True
    )


def end(process: "subprocess.Popen[bytes]") -> None:
    """End a process that `start` gave, whatever it does, and those that it started; close its pipes."""
    assert process.stdin is not None
    process.stdin.close()  # the whole group is killed
    process.kill()
    process.wait()
    if process.stdout is not None:
        process.stdout.close()
