"""CPU time and peak memory of one loss, forward and backward, beside other libraries' in the same run.

python tests/benchmarks/losses.py --out experiments/losses
python tests/benchmarks/losses.py --sizes 1024 --widths 128 --only triplet smooth_ap

Batches hold 4 pictures of each label, or 2 views of each picture where it says so; proxy losses know 2,000
labels. Every measurement is a process of its own, forked from one that has loaded the libraries, on one
thread. Time is the least CPU time of interleaved runs, ours and theirs in turn, so that a busy machine does
little to it. Memory is the peak of resident memory above what the process held with its inputs made and a
small batch done. A process that would take more than --limit-gib of memory or --limit-s of CPU time is
stopped, and the table says which.
"""

import argparse
import csv
import multiprocessing
import resource
import time
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import torch
from lightly import loss as ssl
from pytorch_metric_learning import losses as pml
from pytorch_metric_learning import miners
from torch import Tensor, nn

import vsr.losses as own

GIB = 2**30
LABELS = 2000  # of the proxy losses


class Contest(NamedTuple):
    """A loss of ours and what it is measured against, both from the embedding width; None: nobody has it."""

    ours: Callable[[int], nn.Module]
    theirs: Callable[[int], Callable[[Tensor, Tensor], Tensor]] | None = None
    per_label: int = 4
    peer: str = "pytorch-metric-learning"


def mined(loss: nn.Module, miner: nn.Module) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda embeddings, labels: loss(embeddings, labels, miner(embeddings, labels))


def lightly(name: str) -> Callable[[Tensor, Tensor], Tensor]:
    loss = getattr(ssl, name)(temperature=0.1)
    return lambda embeddings, labels: loss(embeddings[::2], embeddings[1::2])


def sized(make: Callable[..., nn.Module], **options: float) -> Callable[[int], nn.Module]:
    return lambda width: make(num_classes=LABELS, embedding_size=width, **options)


def plain(
    make: Callable[..., nn.Module], *options: float, **named: float | None
) -> Callable[[int], nn.Module]:
    return lambda width: make(*options, **named)


CONTESTS = {
    "infonce = supcon": Contest(plain(own.InfoNCE, 0.1), plain(pml.SupConLoss, 0.1)),
    "supcon_in": Contest(plain(own.SupConIn, 0.1)),
    "ntxent": Contest(plain(own.NTXent, 0.1), plain(pml.NTXentLoss, 0.1)),
    "ntxent, 2 views": Contest(plain(own.NTXent, 0.1), lambda _: lightly("NTXentLoss"), 2, "lightly"),
    "dcl, 2 views": Contest(plain(own.DCL, 0.1), lambda _: lightly("DCLLoss"), 2, "lightly"),
    "clip, 2 views": Contest(plain(own.CLIP), None, 2),
    "siglip": Contest(plain(own.SigLIP)),
    "contrastive": Contest(plain(own.Contrastive), plain(pml.ContrastiveLoss)),
    "triplet": Contest(plain(own.BatchAllTriplet, 0.2), plain(pml.TripletMarginLoss, 0.2)),
    "triplet, soft margin": Contest(plain(own.BatchAllTriplet, None)),
    "triplet_semi_hard": Contest(
        plain(own.SemiHardTriplet, 0.2),
        lambda _: mined(pml.TripletMarginLoss(0.2), miners.TripletMarginMiner(0.2, "semihard")),
    ),
    "triplet_batch_hard": Contest(
        plain(own.BatchHardTriplet, 0.2),
        lambda _: mined(pml.TripletMarginLoss(0.2), miners.BatchHardMiner()),
    ),
    "multi_similarity": Contest(
        plain(own.MultiSimilarity),
        lambda _: mined(pml.MultiSimilarityLoss(), miners.MultiSimilarityMiner()),
    ),
    "multi_similarity, no mining": Contest(
        plain(own.MultiSimilarity, mining=None), plain(pml.MultiSimilarityLoss)
    ),
    "circle": Contest(plain(own.Circle), plain(pml.CircleLoss)),
    "npair": Contest(plain(own.NPair)),
    "smooth_ap": Contest(plain(own.SmoothAP), plain(pml.SmoothAPLoss)),
    "recall_at_k": Contest(plain(own.RecallAtK)),
    "hierarchical, 1 level": Contest(plain(own.Hierarchical)),
    "proxy_anchor": Contest(plain(own.ProxyAnchor), sized(pml.ProxyAnchorLoss)),
    "proxy_nca": Contest(plain(own.ProxyNCA), sized(pml.ProxyNCALoss, softmax_scale=9)),
    "norm_softmax": Contest(plain(own.NormSoftmax), sized(pml.NormalizedSoftmaxLoss)),
    "arcface": Contest(plain(own.ArcFace), sized(pml.ArcFaceLoss)),
    "subcenter_arcface": Contest(plain(own.SubcenterArcFace), sized(pml.SubCenterArcFaceLoss)),
    "cosface": Contest(plain(own.CosFace), sized(pml.CosFaceLoss)),
}


def batch(size: int, width: int, per_label: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(size) // per_label
    centers = torch.randn(size // per_label, width, generator=generator)
    embeddings = centers[labels] + 2 * torch.randn(size, width, generator=generator)
    return nn.functional.normalize(embeddings, dim=1).requires_grad_(), labels


def made(contest: Contest, side: str, width: int) -> Callable[[Tensor, Tensor], Tensor]:
    if side == "theirs":
        assert contest.theirs is not None
        return contest.theirs(width)
    loss = contest.ours(width)
    own.set_up(loss, torch.arange(LABELS), width)
    return loss


def step(loss: Callable[[Tensor, Tensor], Tensor], embeddings: Tensor, labels: Tensor) -> None:
    loss(embeddings, labels).backward()
    embeddings.grad = None


def turn(loss: Callable[[Tensor, Tensor], Tensor], embeddings: Tensor, labels: Tensor) -> float:
    """CPU seconds of a step, over as many as take a tenth of a second: the clock may tick in hundredths."""
    began, n = time.process_time(), 0
    while n == 0 or time.process_time() - began < 0.1:
        step(loss, embeddings, labels)
        n += 1
    return (time.process_time() - began) / n


def seconds(name: str, sides: list[str], size: int, width: int, budget: float) -> list[float]:
    """Least CPU seconds of each side, the sides in turn."""
    contest = CONTESTS[name]
    losses = [made(contest, side, width) for side in sides]
    inputs = batch(size, width, contest.per_label)
    taken: list[list[float]] = [[] for _ in sides]
    until = time.process_time() + budget * len(sides)
    while time.process_time() < until or len(taken[0]) < 2:
        for loss, times in zip(losses, taken, strict=True):
            times.append(turn(loss, *inputs))
    return [min(times) for times in taken]


def mib(name: str, side: str, size: int, width: int) -> float:
    """Peak of resident memory that one step adds."""
    contest = CONTESTS[name]
    loss = made(contest, side, width)
    step(loss, *batch(32, width, contest.per_label))
    inputs = batch(size, width, contest.per_label)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    step(loss, *inputs)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def _child(connection: Connection, run: Callable[[], object], limit: int, limit_s: int) -> None:
    torch.set_num_threads(1)
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + limit, held + limit))
    resource.setrlimit(resource.RLIMIT_CPU, (limit_s, limit_s + 1))
    try:
        connection.send(run())
    except (RuntimeError, MemoryError) as error:
        if "memory" not in str(error) and not isinstance(error, MemoryError):
            raise
        connection.send("memory")


def apart(run: Callable[[], object], limit_gib: float, limit_s: int) -> object:
    """What ``run`` gives in a process of its own: ``memory`` or ``time`` where it passes a limit."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    process = context.Process(target=_child, args=(there, run, int(limit_gib * GIB), limit_s))
    process.start()
    there.close()
    try:
        answer = here.recv()
    except EOFError:  # stopped on the spot
        answer = "time"
    process.join()
    return answer


def measured(name: str, size: int, width: int, args: argparse.Namespace) -> dict[str, object]:
    contest = CONTESTS[name]
    limits = args.limit_gib, args.limit_s
    row: dict[str, object] = {
        "loss": name,
        "B": size,
        "d": width,
        "peer": contest.peer if contest.theirs else "",
    }
    sides = ["ours", "theirs"] if contest.theirs and not args.alone else ["ours"]
    for side in sides:
        row[f"{side}_mib"] = apart(partial(mib, name, side, size, width), *limits)
    fit = [side for side in sides if not isinstance(row[f"{side}_mib"], str)]
    times = apart(partial(seconds, name, fit, size, width, args.budget_s), limits[0], 3 * limits[1])
    for side in sides:
        row[f"{side}_ms"] = row[f"{side}_mib"] if side not in fit else "time"
    if isinstance(times, list):
        for side, taken in zip(fit, times, strict=True):
            row[f"{side}_ms"] = 1000 * taken
    for unit in ("ms", "mib"):
        numbers = [row.get(f"{side}_{unit}") for side in ("ours", "theirs")]
        if all(isinstance(number, float) for number in numbers):
            row[f"{unit}_ratio"] = numbers[0] / numbers[1] if numbers[1] > 1 else None  # pyright: ignore
    return row


COLUMNS = (
    "loss",
    "B",
    "d",
    "peer",
    "ours_ms",
    "theirs_ms",
    "ms_ratio",
    "ours_mib",
    "theirs_mib",
    "mib_ratio",
)
HEADS = ("loss", "B", "d", "beside", "ms", "its ms", "ratio", "MiB", "its MiB", "ratio")


def cell(key: str, value: object, args: argparse.Namespace) -> str:
    if isinstance(value, float):
        return f"{value:.2f}" if key.endswith("ratio") else f"{value:.1f}" if value < 10 else f"{value:,.0f}"
    words = {"memory": f"over {args.limit_gib:g} GiB", "time": f"over {args.limit_s:g} s", None: ""}
    return words.get(value, str(value))  # pyright: ignore


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 1024, 4096])
    parser.add_argument("--widths", type=int, nargs="+", default=[128, 512])
    parser.add_argument("--only", nargs="+", default=list(CONTESTS), help="parts of names")
    parser.add_argument("--alone", action="store_true", help="ours only")
    parser.add_argument("--budget-s", type=float, default=1.0, help="CPU time for each side of a contest")
    parser.add_argument("--limit-gib", type=float, default=6.0)
    parser.add_argument("--limit-s", type=int, default=60)
    parser.add_argument("--out", type=Path, help="folder for benchmark.csv and benchmark.md")
    args = parser.parse_args()
    lines = ["| " + " | ".join(HEADS) + " |", "|---|" + "---:|" * 2 + "---|" + "---:|" * 6]
    print(*lines, sep="\n")
    rows = []
    for size in args.sizes:
        for width in args.widths:
            for name in [name for name in CONTESTS if any(part in name for part in args.only)]:
                rows.append(measured(name, size, width, args))
                lines.append("| " + " | ".join(cell(key, rows[-1].get(key), args) for key in COLUMNS) + " |")
                print(lines[-1], flush=True)
    if args.out:
        args.out.mkdir(parents=True, exist_ok=True)
        (args.out / "benchmark.md").write_text("\n".join(lines) + "\n")
        with (args.out / "benchmark.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
