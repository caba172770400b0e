import os
from pathlib import Path

import pytest
from missing_pictures import check_left_out

from vsr.data.readers.cub200 import Cub200
from vsr.errors import ConfigError, DataError

REAL = Path(os.environ.get("VSR_DATA", "benchmarks")) / "CUB_200_2011"
CLASSES = {n: f"{n:03d}.Bird_{n}" for n in (1, 2, 3, 4, 99, 100, 101, 102, 200)}  # two photos of each


@pytest.fixture
def lists():
    images, labels = [], []
    for number, name in CLASSES.items():
        for photo in range(2):
            images.append(f"{len(images) + 1} {name}/Bird_{photo}.jpg")
            labels.append(f"{len(images)} {number}")
    classes = [f"{number} {name}" for number, name in CLASSES.items()]
    return {"images.txt": images, "image_class_labels.txt": labels, "classes.txt": classes}


@pytest.fixture
def miniature(lay_out, lists):
    return lay_out("CUB_200_2011", lists, [f"images/{line.split()[1]}" for line in lists["images.txt"]])


def species(catalogue, split):
    return {name[:3] for name in catalogue.table["species"].iloc[catalogue.rows(split)]}


def test_the_first_hundred_classes_train_and_validate_and_the_others_test(miniature):
    catalogue = Cub200(str(miniature), folds=3, fold=1).read()
    assert catalogue.levels == ("species",)
    assert species(catalogue, "train") == {"001", "002", "099", "100"}
    assert species(catalogue, "val") == {"003", "004"}
    assert species(catalogue, "test") == {"101", "102", "200"}


def test_every_picture_is_a_query_against_all_the_others(miniature):
    catalogue = Cub200(str(miniature), folds=3).read()
    assert set(catalogue.table["role"]) == {"both"}
    assert len(catalogue.rows("test", "query")) == len(catalogue.rows("test", "gallery")) == 6


def test_the_folder_above_will_do_and_paths_lead_to_pictures(miniature):
    catalogue = Cub200(str(miniature.parent), folds=3).read()
    assert all((catalogue.root / image).is_file() for image in catalogue.table["image"])


def test_a_part_of_the_benchmark_does_not_pass_for_it(miniature, caplog):
    assert Cub200(str(miniature), folds=3).read().protocol == "cub200/disjoint/v1/not-as-published"
    assert "12 train pictures for 5,864, 6 train labels for 100" in caplog.text


def test_a_picture_without_a_class_is_named_with_its_line(miniature, lists):
    (miniature / "image_class_labels.txt").write_text("\n".join(lists["image_class_labels.txt"][:-1]))
    with pytest.raises(DataError, match=r"images\.txt: the picture in line 18 has no class in"):
        Cub200(str(miniature), folds=3).read()


def test_a_missing_picture_is_named_with_its_line(miniature):
    (miniature / "images" / "002.Bird_2" / "Bird_0.jpg").unlink()
    with pytest.raises(DataError, match=r"images\.txt: line 3 names '002\.Bird_2/Bird_0\.jpg', which is not"):
        Cub200(str(miniature), folds=3).read()


def test_where_to_get_the_files_is_told(tmp_path):
    with pytest.raises(
        DataError, match=r"get CUB_200_2011\.tgz from https://data\.caltech\.edu.*download=true"
    ):
        Cub200(str(tmp_path)).read()


def test_a_fold_that_is_none_is_refused(miniature):
    with pytest.raises(ConfigError, match=r"data\.fold must be in 0\.\.2 as data\.folds is 3, got 3"):
        Cub200(str(miniature), folds=3, fold=3).read()


def test_a_missing_picture_can_be_left_out(miniature):
    check_left_out(lambda **options: Cub200(str(miniature), folds=3, **options).read())


@pytest.mark.skipif(not REAL.is_dir(), reason="CUB_200_2011 is not in the folder that VSR_DATA names")
def test_the_real_files_have_the_published_counts():
    assert Cub200(str(REAL)).read().protocol == "cub200/disjoint/v1"
