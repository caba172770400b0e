"""CPU time of exact ranking evaluation, beside the bare product and other libraries.

python tests/benchmarks/ranking.py 5000 20000
python tests/benchmarks/ranking.py 60502 --relevant 5 6000 --queries 4096
python tests/benchmarks/ranking.py 5000 --peers pytorch_metric_learning torchmetrics ranx oml

python tests/benchmarks/ranking.py 1000000 --queries 10000 --mapped

Without --queries every item is a query; with it the first so many are (peers always rank all). With --mapped
the gallery is read from a memory-mapped file. Memory is what the process itself holds, without mapped files.
Times are CPU seconds (user and system, all threads) of one run each, so a busy machine does little to them.
Each peer runs in a process of its own and measures the subset of the metrics that it has; one that is not
installed, or not done within --peer-minutes of CPU time and --peer-gib, is a row saying so. They need not
live in this environment:

    uv pip install --no-deps --target peers pytorch-metric-learning
    uv pip install --no-deps --target peers open-metric-learning gdown validators
    uv pip install --no-deps --target peers ranx numba llvmlite orjson ir-datasets seaborn tabulate ijson
    uv pip install --no-deps --target peers beautifulsoup4 soupsieve
    uv pip install --no-deps --target peers lz4 cbor2 fastparquet cramjam
    PYTHONPATH=peers python tests/benchmarks/ranking.py 5000 --peers oml …
"""

import argparse
import importlib.util
import multiprocessing
import os
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vsr.data.relevance.label_relevance import LabelRelevance
from vsr.metrics.ranking import RankingMetrics
from vsr.retrieval.evaluate import evaluate

METRICS = [
    "mrr",
    "map",
    "map@r",
    "r_precision",
    "ndcg",
    "recall@1",
    "recall@10",
    "hit_rate@1",
    "precision@10",
]
METRICS += ["map@10", "ndcg@10"]
TOP = ["hit_rate@1", "precision@10", "map@10"]  # what open-metric-learning has: it stops at the top k
ROWS, COLUMNS = 1024, 65_536  # of a block of the bare product


def embeddings(n: int, width: int, n_relevant: int) -> tuple[Tensor, np.ndarray]:
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(n) // (n_relevant + 1)
    labels = labels[torch.randperm(n, generator=generator)]
    centers = torch.randn(int(labels.max()) + 1, width, generator=generator)
    noisy = centers[labels] + 2 * torch.randn(n, width, generator=generator)
    return torch.nn.functional.normalize(noisy, dim=1), labels.numpy()


def product(vectors: Tensor, n_queries: int, k: int = 0) -> None:
    out = torch.empty(ROWS, min(COLUMNS, len(vectors)))
    for rows in vectors[:n_queries].split(ROWS):
        for columns in vectors.split(COLUMNS):
            scores = torch.mm(rows, columns.T, out=out[: len(rows), : len(columns)])
            if k:
                scores.topk(min(k, len(columns)), dim=1)


def ours(
    vectors: Tensor,
    gallery: Tensor | np.ndarray,
    labels: np.ndarray,
    n_queries: int,
    block_mib: float,
    names: Sequence[str] = METRICS,
) -> dict[str, float]:
    rows = np.arange(len(labels))
    relevance = LabelRelevance(
        labels[:n_queries], labels, query_identities=rows[:n_queries], gallery_identities=rows
    )
    metrics = RankingMetrics(names)
    return evaluate(vectors[:n_queries], gallery, relevance, metrics, block_mib=block_mib).means


def pytorch_metric_learning(vectors: Tensor, labels: np.ndarray) -> dict[str, float]:
    from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator

    names = ("mean_reciprocal_rank", "mean_average_precision", "mean_average_precision_at_r", "r_precision")
    known = AccuracyCalculator(include=(*names, "precision_at_1"), k=len(labels) - 1)
    return known.get_accuracy(vectors, torch.from_numpy(labels))


def torchmetrics_map(vectors: Tensor, labels: np.ndarray) -> dict[str, float]:
    from torchmetrics.functional.retrieval import retrieval_average_precision

    values, tensor = [], torch.from_numpy(labels)
    for query in range(len(vectors)):
        scores = vectors @ vectors[query]
        keep = torch.arange(len(vectors)) != query
        # Shifted above 0: torchmetrics drops scores that are not.
        values.append(retrieval_average_precision(scores[keep] + 2, tensor[keep] == tensor[query]))
    return {"map": float(torch.stack(values).mean())}


def ranx_map(vectors: Tensor, labels: np.ndarray) -> dict[str, float]:
    from ranx import Qrels, Run
    from ranx import evaluate as measure

    qrels, run = {}, {}
    for query in range(len(vectors)):
        scores = (vectors @ vectors[query]).numpy()
        same = np.flatnonzero(labels == labels[query])
        qrels[str(query)] = {str(item): 1 for item in same if item != query}
        run[str(query)] = {str(item): float(s) for item, s in enumerate(scores) if item != query}
    return measure(Qrels(qrels), Run(run), ["map", "mrr", "r-precision", "ndcg@10"])


def oml(vectors: Tensor, labels: np.ndarray) -> dict[str, float]:
    from oml.functional.metrics import calc_retrieval_metrics

    every = torch.arange(len(labels))
    order = (vectors @ vectors.T).fill_diagonal_(-np.inf).argsort(dim=1, descending=True)[:, :-1]
    tensor = torch.from_numpy(labels)
    right = [every[(tensor == tensor[q]) & (every != q)] for q in range(len(labels))]
    found = calc_retrieval_metrics(list(order), right, cmc_top_k=(1,), precision_top_k=(10,), map_top_k=(10,))
    return {name: float(next(iter(one.values())).float().mean()) for name, one in found.items()}


PEERS = {
    "pytorch_metric_learning": pytorch_metric_learning,
    "torchmetrics": torchmetrics_map,
    "ranx": ranx_map,
    "oml": oml,
}


def peer_process(name: str, n: int, width: int, n_relevant: int, pipe) -> None:
    vectors, labels = embeddings(n, width, n_relevant)
    pipe.send("ready")
    try:
        pipe.send(timed(lambda: PEERS[name](vectors, labels)))
    except Exception as error:
        pipe.send(f"{type(error).__name__}: {str(error)[:80]}")


def limited(name: str, n: int, width: int, n_relevant: int, minutes: float, gib: float) -> tuple | str:
    """What `timed` gives of a peer in a process of its own, or in words why it gave nothing."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=peer_process, args=(name, n, width, n_relevant, there))
    process.start()
    there.close()
    try:
        here.recv()  # imports and embeddings are made
        began = cpu_seconds(process.pid)
        while not here.poll(0.1):
            mib, seconds = resident_mib(process.pid), cpu_seconds(process.pid) - began
            if seconds > 60 * minutes:
                return f"not done after {minutes:g} minutes of CPU time, {mib / 1024:.1f} GiB held"
            if mib > 1024 * gib:
                return f"more than {gib:g} GiB after {seconds:.0f} s of CPU time"
        return here.recv()
    except EOFError:
        return "its process died"
    finally:
        process.kill()
        process.join()


def cpu_seconds(process: int) -> float:
    spent = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, spent)) / os.sysconf("SC_CLK_TCK")


def timed(run: Callable[[], object]) -> tuple[object, float, float, float]:
    """Result, CPU seconds, wall seconds, and the rise of resident memory in MiB."""
    before, peak, done = resident_mib(), [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.01):
            peak[0] = max(peak[0], resident_mib())

    watcher = threading.Thread(target=watch)
    watcher.start()
    cpu, wall = time.process_time(), time.perf_counter()
    try:
        result = run()
    finally:
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        done.set()
        watcher.join()
    return result, cpu, wall, max(0.0, peak[0] - before)


def resident_mib(process: int | str = "self") -> float:
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.split("RssAnon:")[1].split()[0]) / 1024


def mapped(vectors: Tensor) -> np.ndarray:
    with tempfile.NamedTemporaryFile(suffix=".npy") as file:
        np.save(file, vectors.numpy())
        file.flush()
        return np.load(file.name, mmap_mode="r")  # stays readable though its name is gone


def row(name: str, floor: float, cpu: float, wall: float, mib: float, note: str = "") -> None:
    print(f"| {name} | {cpu:.2f} | {cpu / floor:.2f} | {wall:.2f} | {mib:.0f} | {note} |", flush=True)


def compare(n: int, args: argparse.Namespace, n_relevant: int) -> None:
    vectors, labels = embeddings(n, args.width, n_relevant)
    n_queries = min(args.queries or n, n)
    asked = f"{n_queries:,} queries × {n:,} × {args.width}"
    print(f"\n{asked}, {n_relevant:,} relevant a query, {args.repeat} interleaved runs")
    print("| what | CPU s | × product | wall s | MiB more | |\n|---|---|---|---|---|---|")
    floors, selected, whole, top = [], [], [], []
    gallery = mapped(vectors) if args.mapped else vectors
    for _ in range(args.repeat):
        floors.append(timed(lambda: product(vectors, n_queries)))
        selected.append(timed(lambda: product(vectors, n_queries, 100)))
        whole.append(timed(lambda: ours(vectors, gallery, labels, n_queries, args.block_mib)))
        top.append(timed(lambda: ours(vectors, gallery, labels, n_queries, args.block_mib, TOP)))
    floor = min(one[1] for one in floors)
    for name, runs in (
        ("bare product", floors),
        ("product and top 100", selected),
        ("vsr, all metrics", whole),
        ("vsr, metrics of the top 10 alone", top),
    ):
        best = min(runs, key=lambda one: one[1])
        shown = {key: value for key, value in (best[0] or {}).items() if key in ("map", *TOP)}
        note = ", ".join(f"{key} {value:.4f}" for key, value in shown.items())
        row(name, floor, *best[1:], note)
    for name in args.peers:
        if importlib.util.find_spec(name) is None:
            print(f"| {name} | | | | | not installed |")
            continue
        outcome = limited(name, n, args.width, n_relevant, args.peer_minutes, args.peer_gib)
        if isinstance(outcome, str):
            print(f"| {name} | | | | | {outcome} |", flush=True)
            continue
        result, *spent = outcome
        row(name, floor, *spent, ", ".join(f"{key} {float(value):.4f}" for key, value in result.items()))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sizes", type=int, nargs="+", help="gallery sizes")
    parser.add_argument("--relevant", type=int, nargs="+", default=[5], help="relevant items a query")
    parser.add_argument("--queries", type=int, help="how many of the items are queries")
    parser.add_argument("--mapped", action="store_true", help="read the gallery from a memory-mapped file")
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--block-mib", type=float, default=256)
    parser.add_argument("--repeat", type=int, default=1, help="interleaved runs, of which the fastest counts")
    parser.add_argument("--peers", nargs="*", default=[], choices=sorted(PEERS), help="others to run besides")
    parser.add_argument("--peer-minutes", type=float, default=10, help="CPU time that a peer may take")
    parser.add_argument("--peer-gib", type=float, default=8, help="memory that a peer may hold")
    args = parser.parse_args()
    for n in args.sizes:
        for n_relevant in args.relevant:
            if n_relevant < n:
                compare(n, args, n_relevant)


if __name__ == "__main__":
    main()
