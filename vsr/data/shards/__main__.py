"""Write your own pictures as tar shards.

    python -m vsr.data.shards --root photos --out shards
    python -m vsr.data.shards --root photos --manifest photos.csv --out shards --per-shard 5000

Then ``python train.py data=shards data.shards=shards``, or ``data.shards=https://host/shards`` when the
folder lies on a server, ``s3://bucket/shards`` and so on.
"""

import argparse
import sys

from rich.console import Console

from vsr.data.named_pictures import CHOICES
from vsr.data.readers.folder import Folder
from vsr.data.shards.writer import write_shards
from vsr.errors import UserError


def main(arguments: list[str] | None = None) -> int:
    """Write, and tell what was written; 1 after a mistake that the user can mend."""
    parser = argparse.ArgumentParser(prog="python -m vsr.data.shards", description=__doc__.splitlines()[0])  # pyright: ignore[reportOptionalMemberAccess]
    parser.add_argument("--out", required=True, help="folder of the shards; writing again goes on there")
    parser.add_argument("--root", help="folder with the pictures; class folders are labels")
    parser.add_argument(
        "--manifest", help="CSV, TSV or Parquet with image, labels, perhaps split, role and box"
    )
    parser.add_argument("--levels", nargs="+", help="label columns, fine to coarse")
    parser.add_argument(
        "--on-missing", choices=CHOICES, default="stop", help="at pictures that are not there"
    )
    parser.add_argument("--splits", nargs=3, type=float, default=[0.6, 0.15, 0.25], metavar="SHARE")
    parser.add_argument("--split-seed", type=int, default=0, help="of the split, where one is made")
    parser.add_argument("--per-shard", type=int, default=2000, help="pictures (default %(default)s)")
    parser.add_argument(
        "--together", type=int, default=4, help="pictures of a label in a row (default %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the order")
    given = parser.parse_args(arguments)
    try:
        options = {"splits": given.splits, "seed": given.split_seed, "on_missing": given.on_missing}
        reader = Folder(given.root, given.manifest, given.levels, **options)
        catalogue = reader.read()
        shards = write_shards(catalogue, given.out, given.per_shard, given.together, given.seed)
    except (UserError, OSError) as error:
        sys.stderr.write(f"error: {' '.join(str(error).split())}\n")
        return 1
    size = sum(path.stat().st_size for path in shards) / 2**20
    Console().print(f"{len(catalogue)} pictures in {len(shards)} shards, {size:.0f} MiB: {given.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
