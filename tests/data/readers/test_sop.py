import os
from pathlib import Path

import pytest
from missing_pictures import check_left_out

from vsr.data.readers.sop import StanfordOnlineProducts
from vsr.errors import DataError

REAL = Path(os.environ.get("VSR_DATA", "benchmarks")) / "Stanford_Online_Products"
HEADING = "image_id class_id super_class_id path"


def lines(first: int, products: range) -> list[str]:
    """Two photos of each product; the odd ones are bicycles, the even ones chairs."""
    made = []
    for product in products:
        category, number = ("bicycle", 1) if product % 2 else ("chair", 3)
        for photo in range(2):
            path = f"{category}_final/{1000 + product}_{photo}.JPG"
            made.append(f"{first + len(made)} {product} {number} {path}")
    return made


@pytest.fixture
def miniature(lay_out):
    train, test = lines(1, range(1, 9)), lines(17, range(9, 12))
    lists = {"Ebay_train.txt": [HEADING, *train], "Ebay_test.txt": [HEADING, *test]}
    return lay_out("Stanford_Online_Products", lists, [line.split()[3] for line in train + test])


def test_its_own_lists_are_the_split_and_super_classes_the_category(miniature):
    catalogue = StanfordOnlineProducts(str(miniature), fold=3).read()
    assert catalogue.levels == ("product", "category")
    assert catalogue.gains == (3.0, 1.0)
    names = catalogue.table["product"]
    products = [set(names.iloc[catalogue.rows(split)]) for split in ("train", "val", "test")]
    assert products == [set("123456"), set("78"), {"9", "10", "11"}]
    first = catalogue.table.iloc[0]
    assert (first["product"], first["category"]) == ("1", "bicycle")
    assert len(catalogue.rows("test", "query")) == len(catalogue.rows("test", "gallery")) == 6


def test_a_cut_off_list_is_told_with_the_line(miniature):
    with (miniature / "Ebay_test.txt").open("a") as file:
        file.write("23 12 1")
    with pytest.raises(DataError, match=r"Ebay_test\.txt: line 8 must be 4 fields .* got '23 12 1'"):
        StanfordOnlineProducts(str(miniature)).read()


def test_a_missing_list_is_named(miniature):
    (miniature / "Ebay_train.txt").unlink()
    with pytest.raises(DataError, match=r"no file .*Ebay_train\.txt"):
        StanfordOnlineProducts(str(miniature)).read()


def test_a_missing_picture_is_named_with_its_line(miniature):
    (miniature / "chair_final" / "1010_1.JPG").unlink()
    with pytest.raises(DataError, match=r"Ebay_test\.txt: line 5 names 'chair_final/1010_1\.JPG'"):
        StanfordOnlineProducts(str(miniature)).read()


def test_a_missing_picture_can_be_left_out(miniature):
    check_left_out(lambda **options: StanfordOnlineProducts(str(miniature), **options).read())


@pytest.mark.skipif(
    not REAL.is_dir(), reason="Stanford_Online_Products is not in the folder that VSR_DATA names"
)
def test_the_real_files_have_the_published_counts():
    assert StanfordOnlineProducts(str(REAL)).read().protocol == "sop/v1"
