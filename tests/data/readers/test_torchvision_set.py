"""torchvision's sets as retrieval, on miniatures in their published layout."""

import os

import numpy as np
import pytest
import torchvision.datasets as published
from miniature_sets import COLORS, MINIATURES, WRITERS
from missing_pictures import check_left_out
from published_files import folder_of

from vsr.data.pictures.decode import CataloguePictures
from vsr.data.readers.torchvision_parts import SETS
from vsr.data.readers.torchvision_set import TorchvisionSet
from vsr.errors import ConfigError, DataError

SHARED = [name for name in SETS if name != "omniglot"]  # sets whose published parts share their classes
PIXELS = {"cifar10": 32, "cifar100": 32, "fashion_mnist": 28}


@pytest.fixture(autouse=True)
def any_checksum(monkeypatch):
    """A file that is there counts as whole: miniatures have checksums of their own."""
    for module in (published.cifar, published.flowers102, published.mnist, published.omniglot):
        monkeypatch.setattr(module, "check_integrity", lambda path, md5=None: os.path.isfile(path))


@pytest.fixture
def read(tmp_path):
    """Call with a name and options: writes the miniature and reads it."""

    def reader(name, **options):
        if not any(tmp_path.iterdir()):
            WRITERS[name](tmp_path)
        return TorchvisionSet(name, str(tmp_path), **options).read()

    return reader


def labels_in(catalogue, split):
    return set(catalogue.table[catalogue.levels[0]].to_numpy()[catalogue.rows(split)])


def sizes(catalogue):
    return {split: len(catalogue.rows(split)) for split in ("train", "val", "test")}


@pytest.mark.parametrize("name", SETS)
def test_the_published_parts_are_the_splits(read, name):
    parts, classes, levels = MINIATURES[name]
    catalogue = read(name, protocol="published", val_fraction=0)
    assert sizes(catalogue) == {"val": 0, **parts}
    assert catalogue.levels == levels
    assert len(set(catalogue.names())) == classes
    assert set(catalogue.table["role"]) == {"both"}
    assert catalogue.protocol == f"{name}/published/v1/not-as-published"


@pytest.mark.parametrize("name", SHARED)
def test_disjoint_holds_out_the_second_half_of_the_classes(read, name):
    catalogue = read(name, protocol="disjoint", val_fraction=0)
    train, test = labels_in(catalogue, "train"), labels_in(catalogue, "test")
    assert not train & test
    assert len(train) == len(test) == MINIATURES[name][1] // 2
    assert len(catalogue.rows("val")) == 0
    assert len(catalogue) == sum(MINIATURES[name][0].values())


def test_the_classes_are_halved_in_the_published_order(read):
    catalogue = read("oxford_pet", val_fraction=0)
    assert labels_in(catalogue, "train") == {"Abyssinian", "American Bulldog", "Bengal", "Boxer"}


@pytest.mark.parametrize("name", SHARED)
def test_against_train_searches_the_training_pictures(read, name):
    parts = MINIATURES[name][0]
    catalogue = read(name, protocol="against_train", val_fraction=0)
    table, gallery = catalogue.table, catalogue.rows("test", "gallery")
    assert len(catalogue.rows("test", "query")) == parts["test"]
    assert len(gallery) == sum(parts.values()) - parts["test"]
    learned = catalogue.rows("train")
    assert set(table["image"].iloc[learned]) <= set(table["image"].iloc[gallery])
    assert not set(table["image"].iloc[gallery]) & set(table["image"].iloc[catalogue.rows("test", "query")])


@pytest.mark.parametrize("name", SETS)
def test_val_is_held_out_by_class_where_test_is_and_by_picture_where_not(read, name):
    for protocol in SETS[name].protocols:
        catalogue = read(name, protocol=protocol, val_fraction=0.34)
        train, val = labels_in(catalogue, "train"), labels_in(catalogue, "val")
        assert val
        shares = protocol != "disjoint" and name != "omniglot"
        assert (train == val) if shares else not (train & val)


def test_what_is_held_out_depends_on_the_seed_alone(read):
    def held_out(**options):
        catalogue = read("food101", protocol="published", val_fraction=0.34, **options)
        return set(catalogue.table["item"].to_numpy()[catalogue.rows("val")])

    assert len(held_out()) == 8 * 2  # a third of the 6 of each dish
    assert held_out() == held_out()
    assert held_out() != held_out(seed=1)


@pytest.mark.parametrize("name", SETS)
def test_every_picture_is_that_of_its_row(read, name):
    catalogue = read(name, protocol="published", val_fraction=0)
    pictures = CataloguePictures(catalogue)
    for row in (0, len(catalogue) - 1):
        picture = np.asarray(pictures(row))
        assert picture.shape[2] == 3
        if name in PIXELS:
            assert picture.shape == (PIXELS[name], PIXELS[name], 3)
    if name.startswith("cifar"):
        for row in range(len(catalogue)):  # colors in their order, row by row
            label = int(catalogue.names()[row].removeprefix("class"))
            np.testing.assert_array_equal(np.asarray(pictures(row))[1, 1], COLORS[label])
    elif name == "fashion_mnist":
        grays = {"T-shirt/top": 5, "Ankle boot": 185}
        assert [np.asarray(pictures(row))[3, 4].tolist() for row in (0, 119)] == [[5] * 3, [185] * 3]
        assert [catalogue.names()[row] for row in (0, 119)] == list(grays)
    else:
        assert catalogue.root is not None


def test_coarse_labels_are_the_published_ones(read):
    table = read("cifar100").table
    assert (table["category"] == table["label"].map(lambda name: "abc"[int(name[5:]) % 3])).all()


def test_breeds_lie_in_species_and_characters_in_alphabets(tmp_path):
    WRITERS["oxford_pet"](tmp_path)
    table = TorchvisionSet("oxford_pet", str(tmp_path)).read().table
    assert set(table.loc[table["species"] == "Cat", "breed"]) == {"Abyssinian", "Bengal", "Persian", "Sphynx"}
    WRITERS["omniglot"](tmp_path)
    table = TorchvisionSet("omniglot", str(tmp_path)).read().table
    assert set(table["character"].str.split("/").str[0]) == set(table["alphabet"]) == set("ABCDE")


def test_flowers_keep_their_published_val_unless_classes_are_held_out(read):
    assert sizes(read("flowers102", protocol="published")) == {"train": 16, "val": 16, "test": 24}
    found = sizes(read("flowers102", val_fraction=0.5))
    assert found == {"train": 14, "val": 14, "test": 28}


@pytest.mark.parametrize("name", SETS)
def test_missing_files_are_one_line_with_the_two_ways_to_get_them(tmp_path, name):
    with pytest.raises(DataError, match=f"holds no whole {name} ") as error:
        TorchvisionSet(name, str(tmp_path)).read()
    assert "give data.download=true, or get it from https://" in str(error.value)
    assert "download=True" not in str(error.value)
    assert f" and unpack it as {tmp_path / SETS[name].folder}" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "file", "content"),
    [
        ("fashion_mnist", "FashionMNIST/raw/t10k-images-idx3-ubyte", b"\x00\x00\x08\x03"),
        ("food101", "food-101/meta/test.json", b"{"),
        ("oxford_pet", "oxford-iiit-pet/annotations/test.txt", b"pug_1 7\n"),
        ("cifar100", "cifar-100-python/meta", b"\x80\x02}."),
    ],
)
def test_a_damaged_file_is_one_line(read, tmp_path, name, file, content):
    WRITERS[name](tmp_path)
    (tmp_path / file).write_bytes(content)
    with pytest.raises(DataError, match=f"holds no whole {name} ") as error:
        read(name)
    assert "\n" not in str(error.value)


def test_a_missing_picture_is_named(read, tmp_path):
    WRITERS["food101"](tmp_path)
    (tmp_path / "food-101/images/churros/3.jpg").unlink()
    with pytest.raises(DataError, match=r"food101 names 'food-101/images/churros/3\.jpg', .* \(1 of 64 pict"):
        read("food101")


@pytest.mark.parametrize("name", ["flowers102", "food101", "oxford_pet"])
def test_a_missing_picture_can_be_left_out(read, name):
    check_left_out(lambda **options: read(name, **options))


def test_a_download_that_fails_is_one_line(monkeypatch, tmp_path):
    def refuse(*arguments, **options):
        raise OSError("no route to host")

    monkeypatch.setattr(published.cifar, "download_and_extract_archive", refuse)
    with pytest.raises(DataError, match=r"holds no whole cifar10 \(no route to host\); try again, or get it"):
        TorchvisionSet("cifar10", str(tmp_path), download=True).read()


def test_a_download_is_torchvisions_own(monkeypatch, tmp_path):
    monkeypatch.setattr(
        published.cifar,
        "download_and_extract_archive",
        lambda url, root, **options: WRITERS["cifar10"](tmp_path),
    )
    assert len(TorchvisionSet("cifar10", str(tmp_path), download=True).read()) == 120


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "cifar"}, "data.name: there is no 'cifar'; did you mean 'cifar10' or 'cifar100'"),
        (
            {"name": "omniglot", "root": "x", "protocol": "disjoint"},
            "data.protocol: omniglot has no 'disjoint'",
        ),
        ({"name": "cifar10"}, "data.root must name the folder with the files of cifar10"),
        (
            {"name": "cifar10", "root": "x", "val_fraction": 1},
            "val_fraction must be >= 0 and < 1, got 1",
        ),
    ],
)
def test_wrong_arguments_are_one_line(options, message):
    with pytest.raises(ConfigError, match=message):
        TorchvisionSet(**options)


@pytest.mark.parametrize("name", SETS)
def test_the_published_files_have_the_published_counts(name, caplog, monkeypatch):
    root = folder_of("torchvision")
    monkeypatch.undo()  # real checksums
    try:
        catalogue = TorchvisionSet(name, root, protocol="published", val_fraction=0).read()
    except DataError as error:
        pytest.skip(str(error))
    assert not caplog.records
    assert sizes(catalogue) == {"val": 0, **SETS[name].counts}
