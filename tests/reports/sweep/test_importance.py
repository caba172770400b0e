import numpy as np
import pytest

from vsr.reports.sweep.importance import LEAST_RUNS, explain


def runs(n=40, seed=0):
    """The metric hangs on ``rate``, in a bend, and on ``loss``; not on ``idle``."""
    generator = np.random.default_rng(seed)
    overrides, values = [], []
    for _ in range(n):
        rate, loss = 10 ** generator.uniform(-5, -1), str(generator.choice(["a", "b"]))
        overrides.append({"rate": rate, "loss": loss, "idle": float(generator.uniform()), "same": 3})
        values.append(-((np.log10(rate) + 3) ** 2) + (1.4 if loss == "a" else 0))
    return overrides, values


KEYS = ["idle", "loss", "rate", "same"]


@pytest.fixture(scope="module")
def found():
    return explain(*runs(), KEYS, trees=60, shuffles=12)


def test_what_matters_comes_before_what_does_not(found):
    assert [part.key for part in found.parts] == ["rate", "loss", "idle"]
    assert [part.matters for part in found.parts] == [True, True, False]


def test_what_never_changed_has_no_importance(found):
    assert "same" not in {part.key for part in found.parts}


def test_the_share_of_a_parameter_is_the_variance_that_hangs_on_it():
    # y = u + s with u uniform on a grid and s a coin: shares are known from the variances.
    grid = np.linspace(0, 1, 30)
    overrides = [{"u": float(u), "s": side} for u in grid for side in ("x", "y")]
    values = [one["u"] + (0.5 if one["s"] == "x" else 0.0) for one in overrides]
    found = explain(overrides, values, ["u", "s"], trees=150, shuffles=0)
    shares = {part.key: part.share for part in found.parts}
    whole = np.var(values)
    assert shares["u"] == pytest.approx(np.var(grid) / whole, abs=0.06)
    assert shares["s"] == pytest.approx(0.25**2 / whole, abs=0.06)
    assert found.r2 > 0.9


def test_a_metric_of_pure_luck_is_not_explained():
    overrides, _ = runs()
    values = np.random.default_rng(1).normal(size=len(overrides))
    found = explain(overrides, values, KEYS, trees=60, shuffles=12)
    assert found.r2 < 0.1


def test_importance_does_not_hang_on_the_unit_of_the_metric_or_the_sign(found):
    overrides, values = runs()
    other = explain(overrides, [-100 * value + 7 for value in values], KEYS, trees=60, shuffles=12)
    for a, b in zip(found.parts, other.parts, strict=True):
        assert a.key == b.key
        assert a.share == pytest.approx(b.share, abs=0.02)


def test_keys_that_some_runs_lack_do_not_stop_it():
    overrides, values = runs()
    for one in overrides[::3]:
        del one["rate"], one["loss"]
    assert explain(overrides, values, KEYS, trees=20, shuffles=0) is not None


def test_few_or_equal_runs_have_none():
    overrides, values = runs(LEAST_RUNS - 1)
    assert explain(overrides, values, KEYS) is None
    overrides, values = runs(12)
    assert explain(overrides, [0.5] * 12, KEYS) is None
    assert explain(overrides, values, ["same"]) is None
    assert explain([], [], KEYS) is None
