import numpy as np
import pytest
from scipy import stats

from vsr.reports.sweep.groups import groups, half_width, verdict
from vsr.reports.sweep.sweep_records import read_sweep


def written(make, folder, values, seeds=(0, 1, 2)):
    """A sweep of configurations, each with its values by seed; None is a failed run."""
    make.about(folder, {})
    number = 0
    for name, of_seeds in values.items():
        for seed, value in zip(seeds, of_seeds, strict=False):
            state = "failed" if value is None else "complete"
            make.trial(folder, number, {"loss": name, "seed": seed}, value, state)
            number += 1
    return read_sweep(folder)


def test_the_interval_is_students():
    # Hand computation: mean 2, sd 1, n 3, t(0.975, 2) = 4.303.
    assert half_width([1.0, 2.0, 3.0]) == pytest.approx(4.3027 / np.sqrt(3), rel=1e-4)
    assert np.isnan(half_width([1.0]))


def test_groups_hold_all_but_the_seed_and_stand_by_their_mean(make, tmp_path):
    sweep = written(make, tmp_path, {"a": (0.5, 0.6, 0.7), "b": (0.8, 0.7, 0.75), "c": (0.1, None, 0.3)})
    found = groups(sweep)
    assert [one.name for one in found] == ["loss=b", "loss=a", "loss=c"]
    assert [(one.n, one.missing) for one in found] == [(3, 0), (3, 0), (2, 1)]
    assert found[1].mean == pytest.approx(0.6)


def test_a_run_done_again_counts_once(make, tmp_path):
    make.about(tmp_path, {})
    for number, (seed, value) in enumerate([(0, 0.1), (0, 0.5), (1, 0.7)]):
        make.trial(tmp_path, number, {"loss": "a", "seed": seed}, value)
    (one,) = groups(read_sweep(tmp_path))
    assert one.values.tolist() == [0.5, 0.7]


def test_the_same_seeds_are_paired(make, tmp_path):
    a, b = (0.60, 0.65, 0.70), (0.58, 0.632, 0.676)
    sweep = written(make, tmp_path, {"b": b, "a": a})
    found = verdict(groups(sweep), "seeds")
    wanted = stats.ttest_rel(a, b)
    assert found.test.startswith("paired t-test")
    assert found.p == pytest.approx(wanted.pvalue)
    assert found.p < 0.05 < stats.ttest_ind(a, b, equal_var=False).pvalue  # the pairing is what tells
    assert found.gain == pytest.approx(0.0207, abs=1e-4)
    differences = np.subtract(a, b)
    assert found.interval == pytest.approx(
        (differences.mean() - half_width(differences), differences.mean() + half_width(differences))
    )


def test_pairs_are_found_by_seed_not_by_order(make, tmp_path):
    make.about(tmp_path, {})
    runs = [("a", 0, 0.60), ("a", 1, 0.70), ("a", 2, 0.65), ("b", 2, 0.64), ("b", 0, 0.58), ("b", 1, 0.69)]
    for number, (loss, seed, value) in enumerate(runs):
        make.trial(tmp_path, number, {"loss": loss, "seed": seed}, value)
    found = verdict(groups(read_sweep(tmp_path)), "seeds")
    assert found.p == pytest.approx(stats.ttest_rel((0.60, 0.70, 0.65), (0.58, 0.69, 0.64)).pvalue)


def test_other_seeds_are_tested_by_welch(make, tmp_path):
    a, b = (0.60, 0.65, 0.70), (0.5, None, 0.62)
    found = verdict(groups(written(make, tmp_path, {"a": a, "b": b})), "seeds")
    assert found.test.startswith("Welch's t-test")
    assert found.p == pytest.approx(stats.ttest_ind(a, (0.5, 0.62), equal_var=False).pvalue)


def test_one_seed_makes_no_test(make, tmp_path):
    found = verdict(groups(written(make, tmp_path, {"a": (0.6, None, None), "b": (0.5, 0.4, 0.3)})), "seeds")
    assert found.test == ""
    assert np.isnan(found.p)
    assert "loss=a finished only once" in found.reason


def test_seeds_without_any_effect_make_no_test(make, tmp_path):
    found = verdict(groups(written(make, tmp_path, {"a": (0.6, 0.6, 0.6), "b": (0.5, 0.5, 0.5)})), "seeds")
    assert found.test == ""
    assert "seeds make no difference" in found.reason


def test_one_group_has_no_second(make, tmp_path):
    assert verdict(groups(written(make, tmp_path, {"a": (0.6, 0.5, 0.4)})), "seeds") is None
    assert verdict([], "seeds") is None


def folded(make, folder, runs):
    """A sweep of ``loss``, fold, seed and value; None is a run under way."""
    make.about(folder, {"loss": {"choices": ["a", "b"]}, "data.fold": {"choices": [0, 1]}})
    for number, (loss, fold, seed, value) in enumerate(runs):
        state = "running" if value is None else "complete"
        make.trial(folder, number, {"loss": loss, "data.fold": fold, "seed": seed}, value, state)
    return read_sweep(folder)


def test_folds_repeat_a_configuration_like_seeds(make, tmp_path):
    a, b = (0.5, 0.7), (0.6, 0.65)
    runs = [(loss, fold, 0, of[fold]) for loss, of in (("a", a), ("b", b)) for fold in (0, 1)]
    sweep = folded(make, tmp_path, runs)
    assert (sweep.keys, sweep.repeated, sweep.repeats) == (["loss"], ["data.fold"], "folds")
    best, second = groups(sweep)
    assert (best.name, best.repeats, second.name) == ("loss=b", ["0", "1"], "loss=a")
    assert best.sd == pytest.approx(0.05 / np.sqrt(2))  # of two values: distance / √2


def test_folds_and_seeds_together_are_the_pairs(make, tmp_path):
    a = {(0, 0): 0.50, (0, 1): 0.52, (1, 0): 0.70, (1, 1): 0.71}
    b = {(1, 1): 0.68, (0, 1): 0.49, (1, 0): 0.69, (0, 0): 0.48}  # in another order
    runs = [(loss, *at, value) for loss, of in (("a", a), ("b", b)) for at, value in of.items()]
    sweep = folded(make, tmp_path, runs)
    best, second = groups(sweep)
    assert set(best.repeats) == {f"fold {fold}, seed {seed}" for fold in (0, 1) for seed in (0, 1)}
    found = verdict([best, second], sweep.repeats)
    assert found.test == "paired t-test over folds and seeds"
    assert found.p == pytest.approx(stats.ttest_rel(list(a.values()), [b[at] for at in a]).pvalue)


def test_one_seed_number_in_two_folds_is_two_runs(make, tmp_path):
    (one,) = groups(folded(make, tmp_path, [("a", 0, 0, 0.4), ("a", 1, 0, 0.6)]))
    assert one.values.tolist() == [0.4, 0.6]


def test_who_lacks_a_hard_fold_does_not_lead(make, tmp_path):
    runs = [("a", 0, 0, 0.8), ("a", 1, 0, None), ("b", 0, 0, 0.85), ("b", 1, 0, 0.5)]
    found = groups(folded(make, tmp_path, runs))
    assert [(one.name, one.n, one.missing) for one in found] == [("loss=b", 2, 0), ("loss=a", 1, 1)]
