import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vsr.index.neighbors import Neighbors, ordered
from vsr.retrieval.rerankers.order import dropped, listed, rescored

rows = st.integers(0, 8).flatmap(
    lambda k: st.tuples(
        st.permutations(range(k)),
        st.lists(st.sampled_from([-1.5, 0.0, 0.25, 1.0]), min_size=k, max_size=k),
        st.lists(st.booleans(), min_size=k, max_size=k),
    )
)


def as_arrays(row):
    ids, scores, gone = row
    ids = np.where(gone, -1, ids)[None].astype(np.int64)
    return ids, np.where(ids < 0, -np.inf, np.array(scores)[None]).astype(np.float32)


@given(rows)
def test_a_list_keeps_its_order_and_is_what_neighbors_must_be(row):
    ids, scores = as_arrays(row)
    found = listed(ids, scores)
    assert found.ids[0].tolist() == [*ids[ids >= 0], *ids[ids < 0]]
    again = ordered(*found)
    np.testing.assert_array_equal(again.ids, found.ids)
    np.testing.assert_array_equal(again.scores, found.scores)


@given(rows, st.integers(0, 8))
def test_the_first_n_are_sorted_and_the_others_follow(row, n):
    neighbors = ordered(*as_arrays(row))
    n = min(n, neighbors.ids.shape[1])
    new = np.array([[0.5, 2.0, 0.5, -3.0, 0.0, 9.0, 1.0, 0.5]], np.float32)[:, :n]
    found = rescored(neighbors, new)
    known = [place for place in range(n) if neighbors.ids[0, place] >= 0]
    expected = sorted(known, key=lambda place: (-new[0, place], place))
    tail = [i for i in neighbors.ids[0, n:] if i >= 0]
    assert found.ids[0][found.ids[0] >= 0].tolist() == [*neighbors.ids[0, expected], *tail]
    np.testing.assert_array_equal(ordered(*found).ids, found.ids)


def test_dropped_items_leave_the_scores_of_the_others():
    neighbors = Neighbors(np.array([[4, 2, 7]]), np.array([[0.9, 0.5, 0.1]], np.float32))
    found = dropped(neighbors, np.array([[False, True, False]]))
    assert found.ids.tolist() == [[4, 7, -1]]
    np.testing.assert_allclose(found.scores, [[0.9, 0.1, -np.inf]], rtol=1e-6)
