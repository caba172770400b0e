import numpy as np
import pytest

from vsr.ann.clustered import Clustered
from vsr.ann.vectors import GALLERY, Vectors, prepared, save
from vsr.errors import DataError


def test_vectors_that_are_there_are_not_made_again(tmp_path):
    first = prepared(Clustered(100, 8), tmp_path / "v", 10, 0)
    written = (tmp_path / "v" / GALLERY).stat().st_mtime_ns
    second = prepared(Clustered(100, 8), tmp_path / "v", 10, 0)
    assert (tmp_path / "v" / GALLERY).stat().st_mtime_ns == written
    assert first.about == second.about


@pytest.mark.parametrize("other", [Clustered(101, 8), Clustered(100, 8, seed=1), Clustered(100, 8, spread=2)])
def test_measurements_of_other_vectors_are_not_gone_on_with(tmp_path, other):
    prepared(Clustered(100, 8), tmp_path / "v", 10, 0)
    with pytest.raises(DataError, match=r"other vectors; set another hydra\.run\.dir"):
        prepared(other, tmp_path / "v", 10, 0)


def test_the_fingerprint_is_of_the_numbers(tmp_path):
    prints = [
        prepared(Clustered(50, 8, seed=seed), tmp_path / str(n), 5, 0).about["fingerprint"]
        for n, seed in enumerate([0, 0, 1])
    ]
    assert prints[0] == prints[1] != prints[2]


def test_the_gallery_is_mapped_not_read(vectors):
    assert isinstance(vectors.gallery, np.memmap)
    assert vectors.gallery.dtype == np.float32


def test_a_vector_that_is_not_finite_is_named_by_its_row(tmp_path):
    given = np.ones((5, 3))
    given[3, 1] = np.nan
    with pytest.raises(DataError, match="vector 3 of the gallery is not finite"):
        save(tmp_path, GALLERY, given)
    with pytest.raises(DataError, match="vector 3 of the gallery"):
        save(tmp_path, GALLERY, given, np.array([1, 3]))


def test_without_labels_nothing_is_relevant_and_nothing_ignored(tmp_path, vectors):
    (vectors.folder / "labels.npz").unlink()
    relevance = Vectors(vectors.folder).relevance()
    every = np.arange(relevance.n_queries)
    assert (relevance.ideal(every).counts == 0).all()
    assert len(relevance.ignored(every).items) == 0
