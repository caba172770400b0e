import numpy as np
import pandas as pd
import pytest

from vsr.ann.vector_file import VectorFile
from vsr.ann.vectors import prepared
from vsr.errors import ConfigError, DataError

RNG = np.random.default_rng(0)
GIVEN = RNG.standard_normal((50, 6)).astype(np.float32)
LABELS = np.repeat(["a", "b"], 25)


def read(tmp_path, n_queries=10, **arguments):
    return prepared(VectorFile(**arguments), tmp_path / "vectors", n_queries, 0)


def npy(tmp_path, name, array):
    np.save(tmp_path / name, array)
    return str(tmp_path / name)


def rows_of(part, whole):
    return [int(np.flatnonzero((whole == one).all(1))[0]) for one in part]


def test_without_queries_some_vectors_are_taken_out_to_be_them(tmp_path):
    found = read(tmp_path, n_queries=4, path=npy(tmp_path, "e.npy", GIVEN))
    rows = rows_of(found.queries, GIVEN), rows_of(found.gallery, GIVEN)
    assert len(rows[0]) == 4
    assert sorted(rows[0] + rows[1]) == list(range(50))
    assert not found.labeled


def test_at_most_a_tenth_is_taken_for_queries(tmp_path):
    assert len(read(tmp_path, 1000, path=npy(tmp_path, "e.npy", GIVEN)).queries) == 5


def test_labels_follow_the_vectors_that_are_taken_out(tmp_path):
    found = read(tmp_path, path=npy(tmp_path, "e.npy", GIVEN), labels=npy(tmp_path, "l.npy", LABELS))
    asked, kept = (LABELS[rows_of(part, GIVEN)] for part in (found.queries, found.gallery))
    ids = np.tile(np.arange(len(kept)), (len(asked), 1))
    gains = found.relevance().gains(np.arange(len(asked)), ids)
    assert np.array_equal(gains > 0, asked[:, None] == kept[None, :])


def test_an_archive_brings_queries_and_labels(tmp_path):
    np.savez(
        tmp_path / "e.npz",
        embeddings=GIVEN.astype(np.float16),
        labels=np.arange(50),
        queries=GIVEN[:3].astype(np.float64),
        query_labels=np.array([0, 1, 999]),
    )
    found = read(tmp_path, path=str(tmp_path / "e.npz"))
    assert found.gallery.shape == (50, 6)
    assert np.array_equal(found.queries, GIVEN[:3])
    assert found.relevance().ideal(np.arange(3)).counts.tolist() == [1, 1, 0]


def test_a_table_tells_queries_from_gallery_by_role(tmp_path):
    role = np.where(np.arange(50) < 8, "query", "gallery")
    table = pd.DataFrame({"embedding": list(GIVEN), "label": LABELS, "role": role})
    table.to_parquet(tmp_path / "e.parquet")
    found = read(tmp_path, path=str(tmp_path / "e.parquet"))
    assert np.array_equal(found.queries, GIVEN[:8])
    assert np.array_equal(found.gallery, GIVEN[8:])
    assert found.labeled


def test_a_changed_file_is_other_vectors(tmp_path):
    path = npy(tmp_path, "e.npy", GIVEN)
    read(tmp_path, path=path)
    npy(tmp_path, "e.npy", GIVEN[:40])
    with pytest.raises(DataError, match="other vectors"):
        read(tmp_path, path=path)


def test_a_path_must_be_given():
    with pytest.raises(ConfigError, match=r"vectors\.path must be set"):
        VectorFile(None)


def test_a_missing_file_is_named_with_the_nearest(tmp_path):
    npy(tmp_path, "embeddings.npy", GIVEN)
    with pytest.raises(DataError, match=r"vectors.path: no file .*did you mean .*embeddings.npy"):
        read(tmp_path, path=str(tmp_path / "embedings.npy"))


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.ones(5), "must be floating point \\(n, d\\), got float64 \\(5,\\)"),
        (np.ones((5, 2), np.int64), "got int64"),
        (np.ones((0, 4)), "got float64 \\(0, 4\\)"),
        (np.ones((1, 4)), "too few"),
    ],
)
def test_what_are_no_vectors_is_refused(tmp_path, array, says):
    with pytest.raises(DataError, match=says):
        read(tmp_path, path=npy(tmp_path, "e.npy", array))


@pytest.mark.parametrize("name", ["e.npy", "e.npz", "e.parquet"])
@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x93NUMPY\x01"])
def test_a_broken_file_is_said(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match="cannot be read"):
        read(tmp_path, path=str(tmp_path / name))


def test_a_pickle_in_a_file_is_not_run(tmp_path):
    np.save(tmp_path / "e.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="cannot be read"):
        read(tmp_path, path=str(tmp_path / "e.npy"))


def test_labels_must_be_one_for_each_vector_and_no_fractions(tmp_path):
    path = npy(tmp_path, "e.npy", GIVEN)
    with pytest.raises(DataError, match="one for each of 50 vectors"):
        read(tmp_path, path=path, labels=npy(tmp_path, "l.npy", LABELS[:7]))
    with pytest.raises(DataError, match="integers or text"):
        read(tmp_path, path=path, labels=npy(tmp_path, "l.npy", np.ones(50)))


def test_queries_of_another_width_are_refused(tmp_path):
    queries = npy(tmp_path, "q.npy", GIVEN[:, :5])
    with pytest.raises(DataError, match="queries are 5 wide, the vectors 6"):
        read(tmp_path, path=npy(tmp_path, "e.npy", GIVEN), queries=queries)


def test_a_missing_column_and_a_ragged_one_are_said(tmp_path):
    pd.DataFrame({"embeding": list(GIVEN)}).to_parquet(tmp_path / "e.parquet")
    with pytest.raises(DataError, match="no column 'embedding'; did you mean 'embeding'"):
        read(tmp_path, path=str(tmp_path / "e.parquet"))
    pd.DataFrame({"embedding": [[1.0, 2.0], [1.0]]}).to_parquet(tmp_path / "e.parquet")
    with pytest.raises(DataError, match="lists of one length"):
        read(tmp_path, path=str(tmp_path / "e.parquet"))
