import logging

import pandas as pd
import pytest

from vsr.data.readers.listing import as_published, counts, read_listing, whole_numbers
from vsr.errors import DataError


def listing(tmp_path, text):
    path = tmp_path / "list.txt"
    path.write_text(text)
    return path


def test_the_index_of_a_listing_is_the_line_in_the_file(tmp_path):
    path = listing(tmp_path, "id name\n1 a.jpg\n\n2 b.jpg\n")
    table = read_listing(path, ("id", "name"), skip=1)
    assert table["name"].to_dict() == {2: "a.jpg", 4: "b.jpg"}


def test_fields_stay_text_and_lose_the_space_around_them(tmp_path):
    table = read_listing(listing(tmp_path, "a b.jpg,  007\n"), ("name", "label"), separator=",")
    assert table.iloc[0].tolist() == ["a b.jpg", "007"]


@pytest.mark.parametrize("cut", ["1 a.jpg\n2", "1 a.jpg\n2 b.jpg c", "1, a.jpg\n2,"])
def test_a_cut_off_line_is_named_with_its_number(tmp_path, cut):
    path = listing(tmp_path, cut)
    with pytest.raises(DataError, match=rf"{path}: line 2 must be 2 fields \(id, name\), got '2") as told:
        read_listing(path, ("id", "name"), separator="," if "," in cut else None)
    assert "\n" not in str(told.value)


def test_a_list_without_pictures_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"list\.txt names no picture"):
        read_listing(listing(tmp_path, "id name\n"), ("id", "name"), skip=1)


def test_a_missing_list_is_told_with_its_nearest_sibling(tmp_path):
    listing(tmp_path, "1 a\n")
    with pytest.raises(DataError, match=r"no file .*lists\.txt; did you mean .*list\.txt\?"):
        read_listing(tmp_path / "lists.txt", ("id", "name"))


def test_what_is_missing_is_told_with_its_page(tmp_path):
    with pytest.raises(DataError, match=r"no file .*list\.txt; it is published at PAGE$"):
        read_listing(tmp_path / "list.txt", ("id", "name"), page="PAGE")


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "list.txt"
    path.write_bytes(b"1 a\n\xff\xfe\x80")
    with pytest.raises(DataError, match=r"list\.txt is not text: byte 4"):
        read_listing(path, ("id", "name"))


def test_numbers_that_are_none_are_named_with_their_line(tmp_path):
    path = listing(tmp_path, "1 3\n2 x\n")
    table = read_listing(path, ("id", "class_id"))
    with pytest.raises(DataError, match=r"list\.txt: line 2: class_id must be a whole number, got 'x'"):
        whole_numbers(table, "class_id", path)
    assert whole_numbers(table, "id", path).tolist() == [1, 2]


def test_counts_tell_queries_and_gallery_apart_where_they_differ():
    table = pd.DataFrame(
        {
            "split": ["train", "train", "test", "test", "test"],
            "role": ["both", "both", "query", "gallery", "gallery"],
            "product": ["a", "b", "c", "c", "d"],
        }
    )
    assert counts(table, "product") == {
        "train pictures": 2,
        "train labels": 2,
        "test query": 1,
        "test gallery": 2,
        "test labels": 2,
    }


def test_a_count_that_is_not_the_published_one_is_warned_of_and_marks_the_protocol(caplog):
    with caplog.at_level(logging.WARNING):
        assert as_published("sop/v1", {"test pictures": 60502}, {"test pictures": 60502}) == "sop/v1"
        assert not caplog.text
        marked = as_published("sop/v1", {"test pictures": 60501}, {"test pictures": 60502})
    assert marked == "sop/v1/not-as-published"
    assert "60,501 test pictures for 60,502" in caplog.text
