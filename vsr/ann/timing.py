"""Throughput and latency of a search."""

import time
from collections.abc import Callable

import numpy as np

Search = Callable[[np.ndarray], object]
_FIRST = 32  # queries of the first, untimed call
_MOST_PASSES = 200


def throughput(search: Search, queries: np.ndarray, seconds: float, repeats: int) -> dict[str, float | int]:
    """Queries a second of a search given many at once.

    As many queries as take about ``seconds`` are searched for: not all of them, or all of them several times.

    Returns:
        ``qps``, the median of the repeats, ``qps_min`` and ``qps_max``; the same per processor second as
        ``cpu_qps`` …, which other work on the machine does not change; ``busy``, processors in use on
        average; ``timed``, queries of one repeat.
    """
    n, passes = _fitting(search, queries, seconds)
    wall, cpu = [], []
    for _ in range(repeats):
        before, started = time.process_time(), time.perf_counter()
        for _ in range(passes):
            search(queries[:n])
        wall.append(time.perf_counter() - started)
        cpu.append(max(time.process_time() - before, 1e-9))
    timed, busy = n * passes, sum(cpu) / sum(wall)
    return {**_rates("qps", timed, wall), **_rates("cpu_qps", timed, cpu), "busy": busy, "timed": timed}


def _rates(name: str, timed: int, took: list[float]) -> dict[str, float]:
    rates = timed / np.array(took)
    low, high = float(rates.min()), float(rates.max())
    return {name: float(np.median(rates)), f"{name}_min": low, f"{name}_max": high}


def latency(search: Search, queries: np.ndarray, seconds: float) -> dict[str, float | int]:
    """Milliseconds a query, ``p50``, ``p95`` and ``p99``, given one at a time for about ``seconds``."""
    for n in range(min(3, len(queries))):
        search(queries[n : n + 1])
    took: list[float] = []
    ending = time.perf_counter() + seconds
    while not took or time.perf_counter() < ending:
        at = len(took) % len(queries)
        started = time.perf_counter()
        search(queries[at : at + 1])
        took.append(time.perf_counter() - started)
    p50, p95, p99 = (float(1000 * value) for value in np.percentile(took, [50, 95, 99]))
    return {"p50": p50, "p95": p95, "p99": p99, "timed": len(took)}


def _fitting(search: Search, queries: np.ndarray, seconds: float) -> tuple[int, int]:
    """How many queries, and how many times, take about ``seconds``. Stepwise, as batches are cheaper."""
    search(queries[:_FIRST])  # whatever is only done once
    n = min(_FIRST, len(queries))
    while True:
        started = time.perf_counter()
        search(queries[:n])
        took = max(time.perf_counter() - started, 1e-9)
        if n == len(queries) or took > seconds / 4:
            break
        n = min(4 * n, len(queries))
    if n == len(queries):
        return n, int(min(max(1, round(seconds / took)), _MOST_PASSES))
    return int(min(max(1, n * seconds / took), len(queries))), 1
