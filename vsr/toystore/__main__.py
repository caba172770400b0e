"""A worker: ``python -m vsr.toystore FILE OFFSET FIRST STEP SEED PRODUCTS PHOTOS SIZE``.

Draws every STEP-th product from FIRST on and prints a line for each. When it cannot write it says why and
ends with CANNOT_WRITE.
"""

import sys

from . import CANNOT_WRITE, Order, write


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
        return CANNOT_WRITE
    return 0


sys.exit(main())
