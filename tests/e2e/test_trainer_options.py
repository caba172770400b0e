"""Lightning's options under ``trainer.``, through the script."""

import pandas as pd


def test_a_run_can_be_cut_short_clipped_profiled_and_checked_first(script, tmp_path, tiny):
    options = ["limit_train_batches=2", "max_steps=3", "num_sanity_val_steps=1", "gradient_clip_val=1"]
    options += ["profiler=simple", "enable_progress_bar=false", "detect_anomaly=true", "deterministic=true"]
    words = [f"trainer.{option}" for option in options]
    code, _, err = script("train", *tiny, *words, f"hydra.run.dir={tmp_path}")
    assert code == 0, err
    epochs = pd.read_csv(tmp_path / "metrics.csv")
    assert epochs["step"].tolist() == [0, 2, 3]
    assert epochs["val/map"].notna().all()  # the epoch that max_steps broke off is measured too
    assert (tmp_path / "checkpoints/best.ckpt").is_file()
    assert "training_step" in (tmp_path / "fit-profile.txt").read_text()


def test_a_run_without_checkpoints_leaves_none(script, tmp_path, tiny):
    words = ["trainer.max_time=00:00:00:00", "trainer.enable_checkpointing=false"]
    code, _, err = script("train", *tiny, *words, f"hydra.run.dir={tmp_path}")
    assert code == 0, err
    assert pd.read_csv(tmp_path / "metrics.csv")["epoch"].tolist() == [0]
    assert not list(tmp_path.rglob("*.ckpt"))
    assert not list(tmp_path.glob("*-profile.txt"))


def test_a_value_that_lightning_refuses_is_one_line(script, tmp_path, tiny):
    words = ["trainer.gradient_clip_val=1", "trainer.gradient_clip_algorithm=vlue"]
    code, _, err = script("train", *tiny, *words, f"hydra.run.dir={tmp_path}")
    assert code == 1
    assert err.splitlines()[-1].startswith("error: trainer: `gradient_clip_algorithm` vlue is invalid")
