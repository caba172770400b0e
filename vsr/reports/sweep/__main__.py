"""``python -m vsr.reports.sweep FOLDER``: the report of a sweep, finished or not."""

import argparse
import sys
from collections.abc import Sequence

from vsr.errors import UserError
from vsr.reports.sweep.sweep_choice import find
from vsr.reports.sweep.sweep_records import read_sweep
from vsr.reports.sweep.sweep_report import write_findings
from vsr.reports.sweep.sweep_words import heading, judge


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the report, and print its main result and its path.

    Returns:
        The exit code: 1 if the folder is not that of a sweep.
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
    found = find(sweep)
    lead, why, command = judge(found)
    lines = [heading(found), found.choice.name if found.choice else "", f"{lead}. {why}", command]
    sys.stdout.write("\n".join(line for line in lines if line) + f"\n{write_findings(found)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
