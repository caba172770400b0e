"""``compare.py`` as a person runs it."""

import json

import numpy as np
import pytest

QUICK = [
    "comparison=quick",
    "comparison.only=[flat]",
    "comparison.queries=20",
    "comparison.seconds=0.002",
    "comparison.repeats=1",
    "comparison.threads=1",
    "vectors.n=300",
    "vectors.width=8",
]


def test_one_command_leaves_a_report(script, tmp_path):
    code, out, err = script("compare", *QUICK, f"hydra.run.dir={tmp_path}/run")
    assert code == 0, err
    assert "flat" in out
    told = json.loads((tmp_path / "run/comparison.json").read_text())
    assert told["settings"][0]["recall@10"] == 1.0
    assert "compare.py comparison=quick" in (tmp_path / "run/report.md").read_text()


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        (["comparison.only=[hnws]"], "'hnsw'"),
        (["+comparison.backends.mine={index: hnws}"], "no index 'hnws' in conf/index/; did you mean 'hnsw'"),
        (["+comparison.backends.hnsw.build={mm: 3}"], "comparison.backends.hnsw.mm is not an option of HNSW"),
        (["comparison=quik"], "'quick'"),
        (["comparison.k=0"], "comparison.k must be >= 1, got 0"),
        (["vectors=file"], "vectors.path must be set"),
        (["vectors=file", "vectors.path=none.npy"], "no file none.npy"),
        (["checkpoint=none.ckpt"], "none.ckpt does not exist"),
        (["against=nowhere"], "nowhere has no comparison.json"),
    ],
)
def test_a_mistake_is_one_line(script, tmp_path, overrides, says):
    code, _, err = script("compare", f"hydra.run.dir={tmp_path}/run", "comparison=quick", *overrides)
    assert code == 1
    assert "Traceback" not in err
    assert says in err.splitlines()[-1]


def test_other_vectors_do_not_mix_with_those_measured(script, tmp_path):
    np.save(tmp_path / "e.npy", np.random.default_rng(0).standard_normal((300, 8)))
    file = ["vectors=file", f"vectors.path={tmp_path}/e.npy"]
    (tmp_path / "run/vectors").mkdir(parents=True)
    about = {"source": {"kind": "clustered"}, "n_queries": 20, "seed": 0}
    (tmp_path / "run/vectors/vectors.json").write_text(json.dumps(about))
    code, _, err = script("compare", *QUICK[:-2], *file, f"hydra.run.dir={tmp_path}/run")
    assert code == 1
    assert "other vectors; set another hydra.run.dir" in err
