import json

import pytest

from vsr.reports.ann.comparison_json import read_comparison


def setting(backend, text="–", qps=1000.0, recall=0.9, lost=0.01, **more):
    row = {"backend": backend, "setting": text, "knobs": {}}
    for name in ("qps_1", "qps_all"):
        row |= {name: qps, f"{name}_min": qps * 0.95, f"{name}_max": qps * 1.05}
    row |= {"cpu_s_per_million": 1e6 / qps, "wall_qps_1": qps, "busy_1": 1.0, "busy_all": 2.0}
    row |= {"p50_ms": 1e3 / qps, "p95_ms": 2e3 / qps, "p99_ms": 3e3 / qps}
    row |= {"recall@1": recall, "recall@10": recall, "recall@100": recall}
    for name in ("ndcg@10", "map@10", "hit_rate@1"):
        row |= {name: 0.8 - lost, f"{name}_loss": lost, f"{name}_loss_ci": 0.002}
    return row | more


def backend(name, family, mib=10.0, **more):
    row = {
        "name": name,
        "family": family,
        "class": name,
        "arguments": {},
        "status": "measured",
        "reason": None,
    }
    row |= {"build_s": 2.0, "train_s": 1.0, "build_cpu_s": 4.0, "built_with": {"m": 32}}
    return row | {"peak_mib": 2 * mib, "memory_mib": mib, "index_mib": mib, "disk_mib": mib, "n": 1000} | more


def comparison(**changes):
    about = {
        "command": "compare.py comparison=quick",
        "versions": {"vsr": "0.1.0", "faiss-cpu": "1.15.1"},
        "git": {"commit": "0123456789abcdef", "dirty": False},
        "machine": {"processor": "A CPU", "cores": 2, "memory_gib": 24, "system": "Linux 6", "load": 0.1},
        "written": "2026-01-02 03:04",
        "seconds": 93.0,
        "vectors": {
            "n": 1000,
            "width": 128,
            "queries": 500,
            "labeled": True,
            "fingerprint": "abcdef",
            "source": {"kind": "clustered", "n": 1000},
        },
        "how": {
            "metric": "cosine",
            "k": 10,
            "depth": 100,
            "metrics": ["ndcg@10", "map@10", "hit_rate@1"],
            "repeats": 3,
            "seconds": 0.3,
            "threads": 2,
        },
        "limits": {"memory_gib": None, "minutes": 10},
        "exact": {"ndcg@10": 0.8, "map@10": 0.8, "hit_rate@1": 0.8},
    }
    return {
        "format": 1,
        "about": about,
        "backends": [
            backend("flat", "exact", 10),
            backend("hnsw", "graph", 20),
            backend("ivf_pq", "clusters", 2),
            backend(
                "nsg", "graph", status="failed", reason="build: took 9 GiB", build_s=None, index_mib=None
            ),
        ],
        "settings": [
            setting("flat", qps=100, recall=1.0, lost=0.0),
            setting("hnsw", "ef_search=16", 5000, 0.93),
            setting("hnsw", "ef_search=64", 2000, 0.97, 0.004),
            setting("hnsw", "ef_search=256", 600, 1.0, 0.0),
            setting("ivf_pq", "nprobe=4", 4000, 0.80, 0.03),
            setting("ivf_pq", "nprobe=64", 900, 0.92),
        ],
        **changes,
    }


@pytest.fixture
def write(tmp_path):
    """``write(name, **changes)``: a comparison in a folder of its own, which it returns."""

    def to(name="run", **changes):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        (folder / "comparison.json").write_text(json.dumps(comparison(**changes)), "utf-8")
        return folder

    return to


@pytest.fixture
def found(write):
    return read_comparison(write())
