import os
from pathlib import Path

import pytest
from missing_pictures import check_left_out

from vsr.data.readers.vehicleid import VehicleID
from vsr.errors import ConfigError, DataError

REAL = Path(os.environ.get("VSR_DATA", "benchmarks")) / "VehicleID_V1.0"


def lines(vehicles: range) -> list[str]:
    """Three photos of each vehicle, by their number without a suffix."""
    return [f"{10 * vehicle + photo:07d} {vehicle}" for vehicle in vehicles for photo in range(3)]


@pytest.fixture
def miniature(lay_out):
    train, test = lines(range(1, 9)), lines(range(20, 24))
    lists = {"train_test_split/train_list.txt": train, "train_test_split/test_list_800.txt": test}
    return lay_out("VehicleID_V1.0", lists, [f"image/{line.split()[0]}.jpg" for line in train + test])


def test_each_picture_is_searched_among_all_the_others(miniature):
    catalogue = VehicleID(str(miniature.parent)).read()
    assert catalogue.protocol == "vehicleid/800/all/v1/not-as-published"
    assert [len(catalogue.rows(split)) for split in ("train", "val", "test")] == [18, 6, 12]
    assert set(catalogue.table["role"]) == {"both"}
    assert all((catalogue.root / image).is_file() for image in catalogue.table["image"])


def test_one_picture_of_each_vehicle_is_the_gallery_and_the_others_are_queries(miniature):
    catalogue = VehicleID(str(miniature), gallery="one").read()
    gallery = catalogue.table.iloc[catalogue.rows("test", "gallery")]
    assert sorted(gallery["vehicle"]) == ["20", "21", "22", "23"]
    assert len(catalogue.rows("test", "query")) == 8
    assert catalogue.protocol.startswith("vehicleid/800/one@seed0/v1")
    assert set(catalogue.table["role"].iloc[catalogue.rows("val")]) == {"both"}


def test_another_seed_draws_another_gallery_and_has_another_name(miniature):
    drawn = {}
    for seed in range(4):
        catalogue = VehicleID(str(miniature), gallery="one", seed=seed).read()
        drawn[catalogue.protocol] = tuple(catalogue.table["image"].iloc[catalogue.rows("test", "gallery")])
    assert len(drawn) == 4
    assert len(set(drawn.values())) > 1


def test_a_test_set_that_is_none_is_refused():
    with pytest.raises(ConfigError, match=r"data\.vehicles must be one of 800, 1600, 2400, got 900"):
        VehicleID("x", vehicles=900)


def test_a_missing_list_is_named(miniature):
    with pytest.raises(DataError, match=r"no file .*test_list_1600\.txt"):
        VehicleID(str(miniature), vehicles=1600).read()


def test_a_missing_picture_can_be_left_out(miniature):
    check_left_out(lambda **options: VehicleID(str(miniature), gallery="one", **options).read())


@pytest.mark.skipif(not REAL.is_dir(), reason="VehicleID_V1.0 is not in the folder that VSR_DATA names")
@pytest.mark.parametrize("vehicles", [800, 1600, 2400])
def test_the_real_files_have_the_published_counts(vehicles):
    assert VehicleID(str(REAL), vehicles).read().protocol == f"vehicleid/{vehicles}/all/v1"
