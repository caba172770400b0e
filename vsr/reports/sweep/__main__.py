"""``python -m vsr.reports.sweep FOLDER``: the report of a sweep, finished or not."""

import argparse
import sys
from collections.abc import Sequence

from vsr.errors import UserError
from vsr.reports.sweep.document import document
from vsr.reports.sweep.files import read_sweep
from vsr.reports.sweep.report import report


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the report; what it says first, and where it lies, goes to the terminal.

    Returns:
        The exit code: 1 where the folder is not that of a sweep.
    """
    parser = argparse.ArgumentParser(
        prog="python -m vsr.reports.sweep",
        description="Write sweep.html, sweep.md, sweep.csv and sweep_table.json of a sweep, finished or not.",
    )
    parser.add_argument("folder", help="the sweep's folder, such as outputs/sweeps/2026-01-02_03-04-05")
    try:
        sweep = read_sweep(parser.parse_args(arguments).folder)
    except UserError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    content = document(sweep)
    judgment = content.judgment
    best = content.choice.name if content.choice else ""
    lines = [content.title, best, f"{judgment.lead}. {judgment.why}", judgment.command]
    sys.stdout.write("\n".join(line for line in lines if line) + f"\n{report(sweep, content)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
