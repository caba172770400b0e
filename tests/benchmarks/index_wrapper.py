"""What searching through a backend costs beside its library's own call on the same arrays.

python tests/benchmarks/index_wrapper.py
python tests/benchmarks/index_wrapper.py flat hnsw --n 100000 --queries 10000 --repeat 15

Both answer the same queries in turn, many times; the own call gets float32 vectors, made unit length
beforehand, and its raw answer is thrown away: what is added are checks, unit length, ids and order. Times are
CPU time (user and system, all threads), to which a busy machine does less than to wall time; the ratio of
medians is the one to read.
"""

import argparse
import importlib.util
import statistics
import time
from collections.abc import Callable
from typing import Any

import faiss
import numpy as np

from vsr.index import faiss_introspection
from vsr.index.backend import Backend
from vsr.index.registry import BACKENDS
from vsr.threads import set_threads

EXTRAS = {"annoy", "hnswlib", "scann", "usearch"}
FACTORIES = {"faiss": {"factory": "IVF64,SQfp16"}}


def own(index: Any, queries: np.ndarray, k: int) -> Callable[[], object] | None:
    """The library's own call for what ``index`` does; None where there is no single one."""
    inner, threads = index.index_, faiss.omp_get_max_threads()
    if index.name == "hnswlib":
        return lambda: inner.knn_query(queries, k, num_threads=threads)
    if index.name == "usearch":
        return lambda: inner.search(queries, k, threads=threads)
    if index.name == "scann":
        knobs = {"leaves_to_search": index.knob("leaves"), "pre_reorder_num_neighbors": index.reorder}
        search = inner.search_batched if threads == 1 else inner.search_batched_parallel
        return lambda: search(queries, final_num_neighbors=k, **knobs)
    if index.name == "annoy":
        return lambda: [inner.get_nns_by_vector(query, k, include_distances=True) for query in queries]
    if index.name == "lsh":
        return lambda: inner.search(queries, k)
    if index.name in {"binary", "kmeans_tree"}:
        return None  # put together here from several calls
    parameters = faiss_introspection.parameters(inner, index.search_knobs, None)
    return lambda: inner.search(queries, k, params=parameters)


def timed(run: Callable[[], object]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


def compare(index: Backend, queries: np.ndarray, k: int, repeat: int) -> str:
    call = own(index, queries, k)
    if call is None:
        return f"| {index.name} | | | | | no single call to compare with |"
    index.search(queries, k), call()
    ours, theirs = [], []
    for turn in range(repeat):
        pair = [(ours, lambda: index.search(queries, k)), (theirs, call)]
        for times, run in pair if turn % 2 else pair[::-1]:
            times.append(timed(run))
    best, median = min(ours) / min(theirs), statistics.median(ours) / statistics.median(theirs)
    return f"| {index.name} | {1e3 * min(theirs):.2f} | {1e3 * min(ours):.2f} | {best:.3f} | {median:.3f} | |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("backends", nargs="*", default=list(BACKENDS))
    parser.add_argument("--n", type=int, default=20_000)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--queries", type=int, default=2000)
    parser.add_argument("--k", type=int, default=10)
    parser.add_argument("--repeat", type=int, default=15)
    parser.add_argument("--threads", type=int)
    args = parser.parse_args()
    threads = set_threads(args.threads)
    random = np.random.default_rng(0)
    centers = random.normal(size=(200, args.width))
    vectors = (
        centers[random.integers(200, size=args.n + args.queries)]
        + random.normal(size=(args.n + args.queries, args.width))
    ).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    gallery, queries = vectors[: args.n], vectors[args.n :]
    print(f"{args.queries:,} queries × {args.n:,} × {args.width}, k = {args.k}, {threads} threads, cosine")
    print("| backend | own ms | through it ms | ratio of fastest | of medians | |\n|---|---|---|---|---|---|")
    for name in args.backends:
        if name in EXTRAS and importlib.util.find_spec(name) is None:
            print(f"| {name} | | | | | not installed |")
            continue
        index = BACKENDS[name](**FACTORIES.get(name, {}))
        index.train(gallery)
        index.add(gallery)
        print(compare(index, queries, args.k, args.repeat), flush=True)


if __name__ == "__main__":
    main()
