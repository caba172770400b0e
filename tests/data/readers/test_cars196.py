import os
from pathlib import Path

import numpy as np
import pytest
from missing_pictures import check_left_out
from scipy.io import savemat

from vsr.data.readers.cars196 import Cars196
from vsr.errors import DataError

REAL = Path(os.environ.get("VSR_DATA", "benchmarks")) / "cars196"
NAMES = [f"Make Model {number}" for number in range(1, 197)]
CLASSES = [97, 98, 1, 2, 99, 196]  # two photos of each, not in order


def annotations(images: list[str], classes: list[int], field: str) -> np.ndarray:
    """A MATLAB struct array as Stanford's files hold it: boxes, class, and the picture's name."""
    kinds = [("bbox_x1", object), ("class", object), (field, object)]
    rows = [(np.uint16(1), np.uint8(label), name) for name, label in zip(images, classes, strict=True)]
    return np.array(rows, dtype=kinds)


def class_names() -> np.ndarray:
    return np.array(NAMES, dtype=object)


@pytest.fixture
def whole(lay_out):
    classes = [label for label in CLASSES for _ in range(2)]
    images = [f"car_ims/{number:06d}.jpg" for number in range(1, len(classes) + 1)]
    root = lay_out("cars196", {}, images)
    found = annotations(images, classes, "relative_im_path")
    savemat(root / "cars_annos.mat", {"annotations": found, "class_names": class_names()})
    return root


@pytest.fixture
def in_two(lay_out):
    images = [f"{number:05d}.jpg" for number in range(1, len(CLASSES) + 1)]
    pictures = [f"cars_{part}/{name}" for part in ("train", "test") for name in images]
    root = lay_out("stanford_cars", {}, pictures)
    (root / "devkit").mkdir()
    found = annotations(images, CLASSES, "fname")
    savemat(root / "devkit" / "cars_train_annos.mat", {"annotations": found})
    savemat(root / "cars_test_annos_withlabels.mat", {"annotations": found})
    savemat(root / "devkit" / "cars_meta.mat", {"class_names": class_names()})
    return root


def splits(catalogue):
    return {
        split: set(catalogue.table["model"].iloc[catalogue.rows(split)]) for split in ("train", "val", "test")
    }


@pytest.mark.parametrize("layout", ["whole", "in_two"])
def test_the_first_98_classes_train_and_validate_and_the_others_test(layout, request):
    catalogue = Cars196(str(request.getfixturevalue(layout)), folds=2).read()
    assert splits(catalogue) == {
        "train": {"Make Model 97", "Make Model 98"},
        "val": {"Make Model 1", "Make Model 2"},
        "test": {"Make Model 99", "Make Model 196"},
    }
    assert len(catalogue) == 12
    assert set(catalogue.table["role"]) == {"both"}
    assert all((catalogue.root / image).is_file() for image in catalogue.table["image"])


def test_folds_do_not_depend_on_the_layout(whole, in_two):
    one, other = (splits(Cars196(str(root), folds=2, fold=1).read()) for root in (whole, in_two))
    assert one == other


def test_torchvisions_folder_is_found_below_its_root(in_two):
    assert Cars196(str(in_two.parent), folds=2).read().root == in_two


def test_labels_of_the_test_part_are_found_in_the_devkit_as_well(in_two):
    (in_two / "cars_test_annos_withlabels.mat").rename(in_two / "devkit" / "cars_test_annos_withlabels.mat")
    assert len(Cars196(str(in_two), folds=2).read()) == 12


def test_annotations_without_labels_are_refused(in_two):
    found = np.array([("00001.jpg",), ("00002.jpg",)], dtype=[("fname", object)])
    savemat(in_two / "cars_test_annos_withlabels.mat", {"annotations": found})
    with pytest.raises(DataError, match=r"annotations have no field 'class', only fname"):
        Cars196(str(in_two), folds=2).read()


@pytest.mark.parametrize("content", [b"", b"MATLAB 5.0 MAT-file" + bytes(200), b"\x00\x01" * 300])
def test_a_damaged_file_is_named(whole, content):
    (whole / "cars_annos.mat").write_bytes(content)
    with pytest.raises(DataError, match=r"cars_annos\.mat (cannot be read|has no variable)") as told:
        Cars196(str(whole), folds=2).read()
    assert "\n" not in str(told.value)


def test_a_cut_off_file_is_named(whole):
    path = whole / "cars_annos.mat"
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(DataError, match=r"cars_annos\.mat cannot be read"):
        Cars196(str(whole), folds=2).read()


def test_a_missing_picture_is_named(whole):
    (whole / "car_ims" / "000004.jpg").unlink()
    with pytest.raises(DataError, match=r"cars_annos\.mat: annotation 4 names 'car_ims/000004\.jpg'"):
        Cars196(str(whole), folds=2).read()


def test_where_to_get_the_files_is_told(tmp_path):
    with pytest.raises(DataError, match=r"no cars_annos\.mat or devkit in .*\(md5 b407c.*car_dataset\.html"):
        Cars196(str(tmp_path)).read()


def test_a_missing_picture_can_be_left_out(whole):
    check_left_out(lambda **options: Cars196(str(whole), folds=2, **options).read())


@pytest.mark.skipif(not REAL.is_dir(), reason="cars196 is not in the folder that VSR_DATA names")
def test_the_real_files_have_the_published_counts():
    assert Cars196(str(REAL)).read().protocol == "cars196/disjoint/v1"
