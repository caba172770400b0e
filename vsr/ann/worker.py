"""Measure one index method. Runs as a process of its own: ``python -m vsr.ann.worker job.json``.

What it finds it says in JSON lines on standard output; what libraries print goes to standard error.
"""

import ctypes
import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vsr.ann.plan import Knobs
from vsr.ann.process import private_mib
from vsr.ann.timing import latency, throughput
from vsr.ann.truth import Truth, truth
from vsr.ann.vectors import Vectors
from vsr.data.relevance.label_relevance import LabelRelevance
from vsr.index.protocol import Index
from vsr.index.registry import load
from vsr.metrics.ranking import RankingMetrics
from vsr.retrieval.evaluate import evaluate
from vsr.retrieval.search import Search
from vsr.threads import set_threads

Say = Callable[[dict[str, Any]], None]
_Z = 1.96  # standard errors to either side of a mean: 95 %


class Measurement:
    """One index method's measurements.

    Args:
        job: what to measure, as `vsr.runs.compare_indexes` writes it.
        say: takes what was found.
    """

    def __init__(self, job: dict[str, Any], say: Say) -> None:
        self.job, self.say = job, say
        self.how: dict[str, Any] = job["how"]
        self.cores = self.how["threads"]
        self.vectors = Vectors(job["vectors"])

    @cached_property
    def relevance(self) -> LabelRelevance:
        """What is relevant; not made before the index is built, whose memory is measured."""
        return self.vectors.relevance()

    def run(self) -> None:
        """Build, or load what was built, then measure each setting that is not done."""
        set_threads(self.cores)
        index: Any = self._loaded() if self.job["built"] else self._built()
        grid = self.job["search"] or index.knob_grid()
        self.say({"event": "grid", "grid": grid})
        exact = truth(
            self.vectors, self.how["metric"], self.how["metrics"], self.how["depth"], self.how["block_mib"]
        )
        for knobs in grid:
            if knobs not in self.job["done"]:
                self._setting(index, knobs, exact)

    def _built(self) -> Index:
        module, _, name = self.job["target"].rpartition(".")
        index: Index = getattr(importlib.import_module(module), name)(**self.job["arguments"])
        gallery = self.vectors.gallery
        self._warm(gallery)
        _trim()
        before = private_mib(os.getpid())
        self.say({"event": "phase", "phase": "build", "mib": before})
        cpu, started = time.process_time(), time.perf_counter()
        index.train(gallery)
        trained = time.perf_counter()
        index.add(gallery)
        done, cpu = time.perf_counter(), time.process_time() - cpu
        _trim()
        after = private_mib(os.getpid())
        self.say({"event": "phase", "phase": "save", "mib": after})
        path = Path(self.job["saved"])
        index.save(path)
        self.say(
            {
                "event": "build",
                "build_s": done - started,
                "train_s": trained - started,
                "build_cpu_s": cpu,
                "memory_mib": after - before,
                "index_mib": index.memory_bytes / 2**20,
                "disk_mib": path.stat().st_size / 2**20,
                "n": len(index),
                "built_with": index.build_knobs,
            }
        )
        return index

    def _loaded(self) -> Any:
        self.say({"event": "phase", "phase": "load", "mib": private_mib(os.getpid())})
        return load(self.job["saved"])

    @staticmethod
    def _warm(gallery: np.ndarray) -> None:
        """Read the gallery into the page cache, and let the libraries start their threads."""
        torch.mm(torch.ones(256, 256), torch.ones(256, 256))
        for start in range(0, len(gallery), 65536):
            gallery[start : start + 65536].max()

    def _setting(self, index: Index, knobs: Knobs, exact: Truth) -> None:
        self.say({"event": "phase", "phase": "search", "knobs": knobs, "mib": private_mib(os.getpid())})
        try:
            index.set_knobs(**knobs)
            row = {**self._quality(index, exact), **self._speed(index)}
        except Exception as error:  # a row of the report, whatever a library does
            self.say({"event": "failure", "knobs": knobs, "reason": reason(error)})
            return
        self.say({"event": "search", "knobs": knobs, **row})

    def _speed(self, index: Index) -> dict[str, Any]:
        queries, seconds, repeats = self.vectors.queries, self.how["seconds"], self.how["repeats"]

        def search(some: np.ndarray) -> object:
            return index.search(some, self.how["k"])

        set_threads(1)
        one, alone = throughput(search, queries, seconds, repeats), latency(search, queries, seconds)
        set_threads(self.cores)
        every = throughput(search, queries, seconds, repeats)
        return {"one": one, "all": every, "latency": alone}

    def _quality(self, index: Index, exact: Truth) -> dict[str, Any]:
        vectors, k, depth = self.vectors, self.how["k"], self.how["depth"]
        queries, relevance = torch.from_numpy(vectors.queries), self.relevance
        if vectors.labeled:
            measured = evaluate(
                queries, vectors.gallery, relevance, RankingMetrics(self.how["metrics"]), index, depth=k
            )
            near, task = measured.neighbors, _task(measured.per_query, exact)
        else:
            near, task = Search(relevance, k, index)(queries, vectors.gallery), {}
        ks = sorted({1, k})
        found = exact.recall(near.ids, ks)
        far = Search(relevance, depth, index)(queries, vectors.gallery)
        found |= exact.recall(far.ids, [depth])
        exact.check(found, self.job["exhaustive"])
        return {"recall": found, "task": task}


def _task(per_query: dict[str, np.ndarray], exact: Truth) -> dict[str, dict[str, float]]:
    """Mean of each metric, and what each query loses against exact search: mean and 95 % half-width."""
    task = {}
    for name, mean in exact.means.items():
        known = ~np.isnan(per_query[name])
        lost = (exact.per_query[name] - per_query[name])[known]
        spread = lost.std(ddof=1) / np.sqrt(len(lost)) if len(lost) > 1 else np.nan
        value = float(per_query[name][known].mean())
        task[name] = {"value": value, "loss": mean - value, "loss_ci": float(_Z * spread)}
    return task


def reason(error: Exception) -> str:
    """An error in one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _trim() -> None:
    """Give freed memory back to the system, where it is glibc's: an index would grow into it unseen."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def main() -> None:
    """Measure what the job file given on the command line asks for."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # libraries that print would break the lines

    def say(row: dict[str, Any]) -> None:
        out.write(json.dumps(row, default=str) + "\n")
        out.flush()

    try:
        Measurement(json.loads(Path(sys.argv[1]).read_text("utf-8")), say).run()
    except Exception as error:
        say({"event": "failure", "knobs": None, "reason": reason(error)})
        raise  # its traceback belongs into the log


if __name__ == "__main__":
    main()
