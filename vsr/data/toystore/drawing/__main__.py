"""A worker: ``python -m drawing FILE OFFSET FIRST STEP SEED PRODUCTS PHOTOS SIZE``.

Draws every STEP-th product from FIRST on and prints a line for each. It ends with 1 and a line when it cannot write.
"""

import sys

from . import Order, write


def main() -> int:
    """Draw; 0 when all is written."""
    file, *numbers = sys.argv[1:]
    offset, first, step, *order = map(int, numbers)
    wanted = Order(*order)
    try:
        for product in write(wanted, range(first, wanted.products, step), file, offset):
            # Also how a worker learns that nobody waits any more: the pipe is broken.
            sys.stdout.write(f"{product}\n")
            sys.stdout.flush()
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


sys.exit(main())
