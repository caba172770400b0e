from dataclasses import replace

import pandas as pd
import pytest

from vsr.data.loading.positives import AugmentPositives, LabelPositives, PairPositives
from vsr.data.readers.folder import Folder
from vsr.errors import DataError


@pytest.fixture
def catalogue(make_catalogue):
    return make_catalogue(val={"z": 2}, train={"a": 3, "b": 2, "c": 1})  # rows 0-1 are val


def pairs(tmp_path, *lines, name="pairs.csv", columns=("query", "positive")):
    table = pd.DataFrame(lines, columns=list(columns))
    path = tmp_path / name
    table.to_parquet(path) if name.endswith("parquet") else table.to_csv(path, index=False)
    return str(path)


def test_labels_give_every_training_picture_once(catalogue):
    examples = LabelPositives().examples(catalogue)
    assert examples.rows.tolist() == [[2], [3], [4], [5], [6], [7]]
    assert examples.labels.tolist() == [[1], [1], [1], [2], [2], [3]]


def test_labels_without_a_pair_are_refused(make_catalogue):
    with pytest.raises(
        DataError, match=r"none of the 2 product labels .* has two pictures.*positives=augment"
    ):
        LabelPositives().examples(make_catalogue(train={"a": 1, "b": 1}, val={"c": 5}))


def test_augmentation_makes_every_picture_its_own_label(catalogue):
    examples = AugmentPositives(views=3).examples(catalogue)
    assert examples.rows.tolist() == [[row] * 3 for row in range(2, 8)]
    assert examples.labels.tolist() == [[label] for label in range(6)]


def test_one_view_is_refused():
    with pytest.raises(ValueError, match="views must be >= 2, got 1"):
        AugmentPositives(views=1)


@pytest.mark.parametrize("name", ["pairs.csv", "pairs.parquet"])
def test_pairs_are_two_views_labeled_by_their_query(catalogue, tmp_path, name):
    path = pairs(tmp_path, ("p2", "p3"), ("p5", "p4"), ("p2", "p7"), ("p2", "p3"), name=name)
    examples = PairPositives(path).examples(catalogue)
    assert examples.rows.tolist() == [[2, 3], [5, 4], [2, 7]]  # the repeated pair counts once
    assert examples.labels.tolist() == [[2], [5], [2]]


def test_pairs_that_reach_outside_training_are_left_out(catalogue, tmp_path, caplog):
    examples = PairPositives(pairs(tmp_path, ("p2", "p3"), ("p2", "p0"), ("p1", "p4"))).examples(catalogue)
    assert examples.rows.tolist() == [[2, 3]]
    assert "2 of 3 pairs of pairs.csv reach outside the training split" in caplog.text


@pytest.mark.parametrize(
    ("lines", "columns", "message"),
    [
        ([("p2", "p99")], ("query", "positive"), "1 of 1 positive items are not in .*'p99' in row 1"),
        ([("p2", "p3"), ("x", "p3")], ("query", "positive"), "1 of 2 query items .* 'x' in row 2"),
        ([("p2", "p3"), ("p4", "p4")], ("query", "positive"), "row 2 pairs item 'p4' with itself"),
        ([("p0", "p1")], ("query", "positive"), "no pair of .* lies within the training split"),
        ([("p2", "p3")], ("query", "positives"), r"has no column 'positive'; did you mean 'positives'\?"),
        ([], ("query", "positive"), "has no rows"),
    ],
)
def test_pairs_that_cannot_be_used_are_explained(catalogue, tmp_path, lines, columns, message):
    with pytest.raises(DataError, match=message) as error:
        PairPositives(pairs(tmp_path, *lines, columns=columns)).examples(catalogue)
    assert "\n" not in str(error.value)


def test_a_missing_pair_table_is_named(catalogue, tmp_path):
    with pytest.raises(DataError, match=r"positives\.path: no file .*clicks\.csv"):
        PairPositives(str(tmp_path / "clicks.csv")).examples(catalogue)


def test_items_of_pairs_are_found_as_a_manifest_finds_its_pictures(write_pictures, tmp_path):
    catalogue = Folder(str(write_pictures(dict.fromkeys("abcdef", 2))), splits=[1, 0, 0]).read()
    path = pairs(tmp_path, ("./a/0.jpg", "a//1.jpg"))
    assert PairPositives(path).examples(catalogue).rows.tolist() == [[0, 1]]
    with pytest.raises(DataError, match=r"'a\\0\.jpg' in row 1; write / between folders, as in 'a/0\.jpg'"):
        PairPositives(pairs(tmp_path, (r"a\0.jpg", "a/1.jpg"))).examples(catalogue)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            pd.array([2, None], dtype="Int64"),
            "1 of 2 query items are not in the catalogue; the first is '' in row 2",
        ),
        ([["p2"], ["p3"]], "column 'query' holds a list in row 1"),
    ],
)
def test_pairs_of_any_kind_of_column_are_one_line(make_catalogue, tmp_path, values, message):
    catalogue = make_catalogue(train={"a": 4})
    numbered = replace(catalogue, table=catalogue.table.assign(item=[*"0123"]))
    pd.DataFrame({"query": values, "positive": ["1", "1"]}).to_parquet(tmp_path / "pairs.parquet")
    with pytest.raises(DataError, match=message):
        PairPositives(str(tmp_path / "pairs.parquet")).examples(numbered)
