import numpy as np
import pandas as pd
import pytest

from vsr.data.catalogue.catalogue import Catalogue
from vsr.errors import DataError


def table(**columns):
    base = {
        "item": ["a", "b", "c"],
        "image": ["a.jpg", "b.jpg", "c.jpg"],
        "product": ["x", "y", "x"],
        "category": ["u", "u", "u"],
        "split": ["train", "test", "test"],
        "role": ["both", "query", "gallery"],
    }
    return pd.DataFrame({**base, **columns})


def test_rows_are_chosen_by_split_and_role(tmp_path):
    catalogue = Catalogue(table(), ("product",), "t/v1", tmp_path)
    assert catalogue.rows("test").tolist() == [1, 2]
    assert catalogue.rows("test", "query").tolist() == [1]
    assert catalogue.rows("train", "gallery").tolist() == [0]


def test_codes_follow_first_appearance_fine_to_coarse(tmp_path):
    catalogue = Catalogue(table(), ("product", "category"), "t/v1", tmp_path)
    np.testing.assert_array_equal(catalogue.codes, [[0, 0], [1, 0], [0, 0]])


def test_gains_count_up_from_the_coarsest_level(tmp_path):
    assert Catalogue(table(), ("product", "category"), "t/v1", tmp_path).gains == (3.0, 1.0)


@pytest.mark.parametrize("gains", [(3.0, "x"), (float("nan"), 1.0), (-1.0, 1.0), (0, 0), (float("inf"), 1)])
def test_gains_that_rank_nothing_are_refused(tmp_path, gains):
    with pytest.raises(DataError, match=r"data\.gains must be numbers >= 0, not all 0, got "):
        Catalogue(table(), ("product", "category"), "t/v1", tmp_path, gains=gains)


def test_a_level_that_is_named_twice_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"data\.levels must name each label column once"):
        Catalogue(table(), ("product", "product"), "t/v1", tmp_path)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"item": ["a", "a", "b"]}, "item 'a' stands in more than one row"),
        ({"split": ["train", "tset", "test"]}, "split 'tset'; did you mean 'test'"),
        ({"role": ["both", "querry", "both"]}, "role 'querry'; did you mean 'query'"),
    ],
)
def test_a_table_that_cannot_be_is_refused(tmp_path, columns, message):
    with pytest.raises(DataError, match=message):
        Catalogue(table(**columns), ("product",), "t/v1", tmp_path)


def test_pictures_are_either_files_or_an_array():
    with pytest.raises(DataError, match="either a root folder or a pixel array"):
        Catalogue(table(), ("product",), "t/v1")


@pytest.mark.parametrize("name", ["c.csv", "c.parquet"])
def test_a_saved_table_reads_back(tmp_path, name):
    catalogue = Catalogue(table(), ("product",), "t/v1", tmp_path)
    catalogue.save(tmp_path / name)
    read = pd.read_csv if name.endswith("csv") else pd.read_parquet
    assert read(tmp_path / name).to_dict("list") == catalogue.table.to_dict("list")


def test_the_fingerprint_tells_measurements_apart(tmp_path):
    def fingerprint(root=tmp_path, protocol="t/v1", **columns):
        return Catalogue(table(**columns), ("product",), protocol, root).fingerprint

    assert fingerprint() == fingerprint(root=tmp_path / "elsewhere")
    others = {fingerprint(protocol="t/v2"), fingerprint(product=["x", "y", "y"]), fingerprint(role="both")}
    assert len(others | {fingerprint()}) == 4


@pytest.mark.parametrize(
    ("qrels", "message"),
    [
        ({"query": [1], "answer": [2]}, "qrels of t/v1 have no column 'gain'"),
        ({"query": [1], "answer": [3], "gain": [1]}, r"name rows outside the catalogue's 0\.\.2"),
        ({"query": [1.0], "answer": [2.0], "gain": [1]}, "name rows outside"),
        ({"query": [1], "answer": [2], "gain": [-1]}, "a gain must be >= 0, where 0 is junk"),
        ({"query": [1, 1], "answer": [2, 2], "gain": [1, 0]}, "query 'b' lists 'c' twice"),
    ],
)
def test_lists_that_cannot_be_are_refused(tmp_path, qrels, message):
    with pytest.raises(DataError, match=message):
        Catalogue(table(), ("product",), "t/v1", tmp_path, qrels=pd.DataFrame(qrels))


def test_lists_are_part_of_the_fingerprint(tmp_path):
    prints = {
        Catalogue(table(), ("product",), "t/v1", tmp_path, qrels=qrels).fingerprint
        for qrels in (None, *(pd.DataFrame({"query": [1], "answer": [2], "gain": [g]}) for g in (0.0, 1.0)))
    }
    assert len(prints) == 3
