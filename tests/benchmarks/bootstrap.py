"""Time the bootstrap and the paired test on as many queries as a large test set has.

    python tests/benchmarks/bootstrap.py 10000 --metrics 15 --resamples 1000

All metrics of a query share its draws; the time is that of one call for all of them.
"""

import argparse
import time

import torch

from vsr.metrics.resampling import bootstrap_intervals, sign_flip_test


def seconds(run, *arguments: object) -> float:
    """Wall time of the faster of two calls."""
    taken = []
    for _ in range(2):
        started = time.perf_counter()
        run(*arguments)
        taken.append(time.perf_counter() - started)
    return min(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("queries", type=int, nargs="?", default=10_000)
    parser.add_argument("--metrics", type=int, default=15)
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--flips", type=int, default=10_000)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    values = torch.rand(options.queries, options.metrics, dtype=torch.float64) ** 2
    differences = values - torch.rand_like(values) ** 2
    size = f"{options.queries:,} queries x {options.metrics} metrics, {options.threads} threads"
    bootstrap = seconds(bootstrap_intervals, values, 0.95, options.resamples)
    print(f"{size}: {options.resamples:,} resamples in {bootstrap:.2f} s")
    print(
        f"{size}: {options.flips:,} sign flips in {seconds(sign_flip_test, differences, options.flips):.2f} s"
    )


if __name__ == "__main__":
    main()
