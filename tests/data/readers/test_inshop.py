import os
from pathlib import Path

import pytest
from missing_pictures import check_left_out

from vsr.data.readers.inshop import InShop
from vsr.errors import DataError

REAL = Path(os.environ.get("VSR_DATA", "benchmarks")) / "inshop"


def line(status: str, item: int, photo: int) -> str:
    category = "WOMEN/Dresses" if item < 6 else "MEN/Denim"
    name = f"img/{category}/id_{item:08d}/0{photo}_1_front.jpg"
    return f"{name:<70}{'id_' + format(item, '08d'):<15}{status}"


LINES = [
    *(line("train", item, photo) for item in range(1, 9) for photo in (1, 2)),
    *(line("query", item, 1) for item in (9, 10)),
    *(line("gallery", item, photo) for item in (9, 10) for photo in (2, 3)),
]
HEADINGS = [str(len(LINES)), "image_name item_id evaluation_status"]


@pytest.fixture(params=["", "Img/"], ids=["img", "Img/img"])
def miniature(lay_out, request):
    lists = {"Eval/list_eval_partition.txt": [*HEADINGS, *LINES]}
    return lay_out("inshop", lists, [request.param + one.split()[0] for one in LINES])


def test_the_partition_gives_split_and_role(miniature):
    catalogue = InShop(str(miniature)).read()
    assert catalogue.levels == ("product", "category")
    counted = {
        (split, role): len(catalogue.rows(split, role))
        for split in ("train", "val", "test")
        for role in ("query", "gallery")
    }
    assert counted == {
        ("train", "query"): 12,
        ("train", "gallery"): 12,
        ("val", "query"): 4,
        ("val", "gallery"): 4,
        ("test", "query"): 2,
        ("test", "gallery"): 4,
    }
    assert catalogue.table["category"].iloc[0] == "WOMEN/Dresses"
    assert all((catalogue.root / image).is_file() for image in catalogue.table["image"])


def test_a_partition_that_was_cut_between_two_lines_is_noticed(miniature):
    path = miniature / "Eval" / "list_eval_partition.txt"
    path.write_text("\n".join([*HEADINGS, *LINES[:-1]]))
    with pytest.raises(DataError, match=r"partition\.txt: line 1 says 22 pictures, 21 follow"):
        InShop(str(miniature)).read()


def test_a_partition_that_was_cut_within_a_line_is_noticed(miniature):
    path = miniature / "Eval" / "list_eval_partition.txt"
    path.write_text("\n".join([*HEADINGS, *LINES])[:-20])
    with pytest.raises(DataError, match=r"partition\.txt: line 24 must be 3 fields"):
        InShop(str(miniature)).read()


def test_an_unknown_status_is_named_with_its_line(miniature):
    path = miniature / "Eval" / "list_eval_partition.txt"
    path.write_text(path.read_text().replace("query", "probe"))
    with pytest.raises(DataError, match=r"line 19: evaluation_status must be one of train, query, gallery"):
        InShop(str(miniature)).read()


def test_who_has_no_files_is_told_whom_to_ask(tmp_path):
    with pytest.raises(DataError, match=r"no list_eval_partition\.txt in .*InShopRetrieval\.html"):
        InShop(str(tmp_path)).read()


def test_a_missing_picture_can_be_left_out(miniature):
    check_left_out(lambda **options: InShop(str(miniature), **options).read())


@pytest.mark.skipif(not REAL.is_dir(), reason="inshop is not in the folder that VSR_DATA names")
def test_the_real_files_have_the_published_counts():
    assert InShop(str(REAL)).read().protocol == "inshop/v1"
