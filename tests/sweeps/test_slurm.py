"""Sweeps on SLURM, with a stand-in for ``sbatch`` that keeps what it is given."""

import os

import pytest

SBATCH = """#!/bin/sh
for last; do :; done
cp "$last" "{kept}"
echo "Submitted batch job 4321"
"""


@pytest.fixture
def cluster(tmp_path):
    """Environment in which there is a cluster; the submission goes to ``submission.sh``."""
    pytest.importorskip("submitit", reason="the extra slurm is not installed")
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, text in (("sbatch", SBATCH.format(kept=tmp_path / "submission.sh")), ("srun", "#!/bin/sh\n")):
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    return {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}


WORDS = ["x=0,1", "epochs=1", "hydra/launcher=slurm", "hydra.launcher.workers=3", "hydra.launcher.minutes=90"]


def test_the_workers_are_one_array_of_the_sweeps_own_command(sweep, cluster, tmp_path):
    options = [f"hydra.launcher.options.{key}" for key in ("cpus_per_task=4", "slurm_partition=short")]
    done = sweep(*WORDS, options[0], f"+{options[1]}", environment=cluster)
    assert done.code == 0, done.err
    assert "Submitted SLURM job 4321: 3 workers for 2 jobs" in done.out
    told = (tmp_path / "submission.sh").read_text()
    for line in ("--array=0-2%", "--time=90", "--cpus-per-task=4", "--partition=short", "--job-name=sweep"):
        assert f"#SBATCH {line}" in told
    assert not done.trials()


@pytest.mark.slow
def test_a_worker_works_on_the_sweep_until_nothing_is_left(sweep, cluster, tmp_path):
    import submitit

    done = sweep(*WORDS, environment=cluster)
    assert done.code == 0, done.err
    (pickle,) = done.folder.glob("slurm/*_0_submitted.pkl")
    worker = submitit.core.utils.DelayedSubmission.load(pickle).function
    assert worker.command[-2:] == ["hydra/launcher=local", f"hydra.sweep.dir='{done.folder}'"]
    assert not any("launcher.workers" in word for word in worker.command)
    assert worker() == 0
    assert [one["state"] for one in done.trials().values()] == ["complete"] * 2


def test_without_a_cluster_it_is_said_in_one_line(sweep, tmp_path):
    pytest.importorskip("submitit", reason="the extra slurm is not installed")
    done = sweep(*WORDS, environment={"PATH": str(tmp_path)})
    assert done.code == 1
    assert done.err.startswith("error: hydra/launcher=slurm: ")
