"""Recall against exact search."""

import numpy as np
import pytest

from vsr.index.recall import Truth


def line(*values):
    return np.array(values, np.float32)[:, None]


def test_recall_is_the_share_of_the_exact_neighbors_found():
    truth = Truth(line(0.0, 10.0), line(*range(11)), k=4, metric="l2")
    found = np.array([[0, 1, 9, 8], [10, 9, 8, 7]])
    assert truth.recalls(found, 4).tolist() == [0.5, 1.0]
    assert truth.recalls(found, 1).tolist() == [1.0, 1.0]


def test_whichever_of_equally_far_ones_counts():
    truth = Truth(line(0.0), line(0.0, 1.0, -1.0, 5.0), k=2, metric="l2")
    assert truth.recalls(np.array([[0, 1]]), 2).tolist() == [1.0]
    assert truth.recalls(np.array([[0, 2]]), 2).tolist() == [1.0]
    assert truth.recalls(np.array([[1, 2]]), 2).tolist() == [1.0]  # two of the three that may be among two
    assert truth.recalls(np.array([[0, 3]]), 2).tolist() == [0.5]


def test_a_repeated_id_counts_once_and_minus_one_never():
    truth = Truth(line(0.0), line(0.0, 1.0, 2.0), k=3, metric="l2")
    assert truth.recalls(np.array([[0, 0, -1]]), 3).tolist() == [pytest.approx(1 / 3)]


def test_a_small_gallery_asks_for_no_more_than_it_has():
    truth = Truth(line(0.0), line(0.0, 1.0), k=5, metric="l2")
    assert truth.recalls(np.array([[1, 0, -1, -1, -1]]), 5).tolist() == [1.0]


def test_ids_of_the_users_choosing():
    truth = Truth(line(0.0), line(0.0, 1.0, -1.0), k=2, metric="l2", ids=np.array([70, 80, 90]))
    assert truth.recalls(np.array([[70, 90]]), 2).tolist() == [1.0]
    with pytest.raises(ValueError, match="a search gave id 5, which the gallery does not have"):
        truth.recalls(np.array([[70, 5]]), 2)


@pytest.mark.parametrize("metric", ["cosine", "ip", "l2"])
def test_it_agrees_with_counting_true_scores_in_float64(metric):
    random = np.random.default_rng(0)
    gallery = random.integers(-1, 2, size=(300, 4)).astype(np.float32)  # full of ties
    queries = random.integers(-1, 2, size=(40, 4)).astype(np.float32)
    found = np.stack([random.permutation(300)[:10] for _ in queries])
    g, q = gallery.astype(np.float64), queries.astype(np.float64)
    if metric == "cosine":
        g, q = (v / np.maximum(np.linalg.norm(v, axis=1, keepdims=True), 1e-30) for v in (g, q))
    scores = -((q[:, None] - g) ** 2).sum(2) if metric == "l2" else q @ g.T
    bound = np.sort(scores, axis=1)[:, -10]
    expected = (np.take_along_axis(scores, found, 1) >= bound[:, None] - 1e-9).mean(axis=1)
    np.testing.assert_allclose(Truth(queries, gallery, 10, metric).recalls(found, 10), expected)


def test_too_few_columns_are_refused():
    with pytest.raises(ValueError, match="recall@3 needs 3 neighbors, got 2 against 5 exact"):
        Truth(line(0.0), line(*range(9)), k=5).recalls(np.array([[0, 1]]), 3)


def test_fewer_columns_do_where_there_is_no_more_to_find():
    truth = Truth(line(0.0), line(0.0, 1.0), k=5, metric="l2")
    assert truth.recalls(np.array([[1, 0]]), 5).tolist() == [1.0]


def test_where_nothing_is_to_be_found_recall_is_no_number():
    assert np.isnan(Truth(line(0.0), line(), k=2, metric="l2").recalls(np.full((1, 2), -1), 2)).all()
    alone = Truth(line(0.0), line(3.0), k=2, metric="l2", ignored=(np.array([0]), np.array([0])))
    assert np.isnan(alone.recalls(np.full((1, 2), -1), 2)).all()


# Truth itself, and a tolerance that grows and shrinks with what is measured.

METRICS = ["cosine", "ip", "l2"]


def normal(n, seed, width=16):
    return np.random.default_rng(seed).normal(size=(n, width))


def far(queries, gallery, metric):
    """Distances (Q, n) that order as the metric does, in extended precision, pair by pair."""
    q, g = queries.astype(np.longdouble), gallery.astype(np.longdouble)
    if metric == "ip":
        return np.stack([-(one * g).sum(axis=1) for one in q])
    if metric == "cosine":
        q, g = (one / np.sqrt((one**2).sum(axis=1, keepdims=True)) for one in (q, g))
    return np.stack([((one - g) ** 2).sum(axis=1) for one in q])


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("scale", [1e-6, 1e-4, 1e-3, 1.0, 1e6])
@pytest.mark.parametrize("offset", [0.0, 100.0, 1e4])
def test_random_answers_score_k_in_n_whatever_the_scale_and_the_origin(metric, scale, offset):
    gallery = ((normal(1000, 0) + offset) * scale).astype(np.float32)
    queries = (normal(400, 1) + offset * (metric != "ip")) * scale
    queries = queries.astype(np.float32)
    random = np.random.default_rng(2)
    found = np.stack([random.permutation(1000)[:10] for _ in queries])
    recalls = Truth(queries, gallery, 10, metric).recalls(found, 10)
    # 4,000 draws of a chance of 0.01 spread by 0.0016.
    assert recalls.mean() == pytest.approx(0.01, abs=0.005)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("offset", [0.0, 1.0, 1e4])
def test_the_truth_is_that_of_extended_precision(metric, scale, offset):
    gallery = ((normal(700, 3) + offset) * scale).astype(np.float32)
    queries = ((normal(30, 4) + offset) * scale).astype(np.float32)
    order = np.argsort(far(queries, gallery, metric), axis=1, kind="stable")[:, :20]
    truth = Truth(queries, gallery, 20, metric)
    assert (truth.rows == order).all()
    assert (truth.recalls(order, 20) == 1).all()
    assert (truth.recalls(order[:, ::-1], 20) == 1).all()
    worst = np.argsort(far(queries, gallery, metric), axis=1)[:, -20:]
    assert (truth.recalls(worst, 20) == 0).all()


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_a_runner_up_that_is_farther_by_a_hundred_thousandth_is_no_tie(metric, offset):
    # 16,777 floats a unit at 1e3, 1,024 at 1e4: steps of the last place make distances that differ in little.
    gallery = (normal(3000, 5, 3) + offset).astype(np.float32)
    queries = (normal(50, 6, 3) + offset).astype(np.float32)
    exact = far(queries, gallery, metric)
    order = np.argsort(exact, axis=1, kind="stable")
    truth = Truth(queries, gallery, 5, metric)
    swapped = np.concatenate([order[:, :4], order[:, 5:6]], axis=1)
    ranked = np.take_along_axis(exact, order, axis=1)
    if metric == "ip":
        middle = -(queries.astype(np.longdouble) * gallery.astype(np.longdouble).mean(axis=0)).sum(axis=1)
        ranked = ranked - middle[:, None]
    else:
        ranked = np.sqrt(ranked)
    farther = (ranked[:, 5] - ranked[:, 4]) / np.abs(ranked[:, 4])
    assert (truth.recalls(swapped, 5)[farther > 1e-5] == 0.8).all()
    assert (truth.recalls(swapped, 5)[farther < 1e-7] == 1.0).all()
    assert (farther > 1e-5).sum() > 20


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_any_of_a_thousand_copies_is_right_and_nothing_else(metric, scale):
    one, others = 3 * normal(1, 7), normal(500, 8)
    gallery = (np.concatenate([others, np.repeat(one, 1000, axis=0), -others]) * scale).astype(np.float32)
    queries = (np.repeat(one, 40, axis=0) * scale).astype(np.float32)
    truth = Truth(queries, gallery, 10, metric)
    random = np.random.default_rng(0)
    best = far(queries[:1], gallery, metric)[0]
    assert (np.sort(best)[:10] == best[500]).all()  # the copies are the nearest under each metric
    copies = np.stack([500 + random.permutation(1000)[:10] for _ in queries])
    assert (truth.recalls(copies, 10) == 1).all()
    elsewhere = np.stack([random.permutation(500)[:10] for _ in queries])
    assert truth.recalls(elsewhere, 10).max() == 0


def test_copies_far_from_the_query_and_two_far_clusters_are_searched_exactly(monkeypatch):
    """Where products in float64 cannot tell, differences do."""
    monkeypatch.setattr("vsr.index.nearest._BLOCK", 64)
    steps = np.random.default_rng(0).integers(-300, 300, size=(900, 4)) / 16  # exact in float32 at 1e6
    gallery = steps + np.where(np.arange(900)[:, None] % 2, 1e6, -1e6)
    gallery = np.concatenate([gallery, np.repeat(gallery[:1] + 40, 200, axis=0)]).astype(np.float32)
    queries = gallery[:30] + np.float32(0.25)
    expected = np.argsort(far(queries, gallery, "l2"), axis=1, kind="stable")[:, :300]
    truth = Truth(queries, gallery, 300, "l2")
    assert (truth.rows == expected).all()


@pytest.mark.parametrize("metric", METRICS)
def test_blocks_of_any_size_give_the_same(metric, monkeypatch):
    gallery, queries = normal(1000, 9).astype(np.float32), normal(70, 10).astype(np.float32)
    whole = Truth(queries, gallery, 12, metric)
    monkeypatch.setattr("vsr.index.nearest._BLOCK", 37)
    monkeypatch.setattr("vsr.index.nearest._QUERIES", 11)
    parts = Truth(queries, gallery, 12, metric)
    assert (parts.rows == whole.rows).all()
    np.testing.assert_allclose(parts.neighbors.scores, whole.neighbors.scores, rtol=1e-6)


def test_what_is_ignored_is_not_to_be_found():
    truth = Truth(line(0.0, 5.0), line(0.0, 1.0, 5.0), 2, "l2", ignored=(np.array([0, 1]), np.array([0, 2])))
    assert truth.rows.tolist() == [[1, 2], [1, 0]]


def test_a_truth_once_found_can_be_given():
    gallery, queries = normal(200, 11), normal(9, 12)
    truth = Truth(queries, gallery, 7)
    again = Truth(queries, gallery, 7, known=truth.rows)
    found = np.random.default_rng(0).integers(0, 200, (9, 7))
    assert (again.recalls(found, 7) == truth.recalls(found, 7)).all()
    with pytest.raises(ValueError, match=r"known must be rows \(9, 7\), got \(9, 6\)"):
        Truth(queries, gallery, 7, known=truth.rows[:, :6])


def test_zero_vectors_lie_at_right_angles_to_all():
    truth = Truth(np.array([[1.0, 0], [0, 0]]), np.array([[0.0, 0], [-1, 0.1], [0.1, 1]]), 2)
    assert truth.rows.tolist() == [[2, 0], [0, 1]]
    assert (truth.recalls(np.array([[2, 0], [2, 1]]), 2) == 1).all()


@pytest.mark.parametrize("metric", METRICS)
def test_recall_does_not_know_scale_rotation_order_or_the_kind_of_float(metric):
    """Nothing may change but what rounding to float32 does to one answer in a hundred."""
    random = np.random.default_rng(13)
    gallery, queries = normal(600, 14), normal(80, 15)
    gallery[300:] = gallery[:300]  # each there twice
    found = np.stack([random.permutation(600)[:10] for _ in queries])
    near = Truth(queries, gallery, 10, metric).rows
    found[:, :5] = near[:, :5]  # half of them right; a copy may have been drawn twice, not its row
    expected = Truth(queries, gallery, 10, metric).recalls(found, 10)
    assert 0.45 < expected.mean() < 0.6
    turn = np.linalg.qr(normal(16, 16))[0]
    order, asked = random.permutation(600), random.permutation(80)
    back = np.argsort(order)

    def same(q, g, ids=found, rows=slice(None)):
        got = Truth(q, g, 10, metric).recalls(ids, 10)
        assert np.mean(got != expected[rows]) <= 0.01

    for scale in (1e-6, 1e-3, 1e3, 1e6):
        same(queries * scale, gallery * scale)
    same(queries @ turn, gallery @ turn)
    same(queries.astype(np.float32), gallery.astype(np.float32))
    same(queries[asked], gallery, found[asked], asked)
    same(queries, gallery[order], back[found])
    for one in range(80):
        got = Truth(queries[one : one + 1], gallery, 10, metric).recalls(found[one : one + 1], 10)
        assert got == expected[one]
    if metric == "l2":
        for shift in (1.0, 1e3):
            same(queries + shift, gallery + shift)
    if metric == "ip":
        same(queries, gallery + normal(1, 17))
