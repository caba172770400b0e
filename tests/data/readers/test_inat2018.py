"""iNaturalist 2018 for retrieval, on a miniature in the published layout."""

import json

import pytest
from missing_pictures import check_left_out
from PIL import Image
from published_files import folder_of

from vsr.data.readers.inat2018 import INat2018
from vsr.errors import ConfigError, DataError

SUPER = {0: "Aves", 1: "Aves", 2: "Plantae", 3: "Plantae", 4: "Aves", 5: "Fungi", 6: "Fungi", 7: "Plantae"}
TRAIN, TEST = range(6), (6, 7)
RANKS = {"genus": "g", "family": "f", "order": "o", "class": "c", "phylum": "p", "kingdom": "k"}


@pytest.fixture
def published(tmp_path):
    """Call to write the miniature, with other lines of the test list besides; returns its folder."""

    def write(more=(), categories=None):
        (tmp_path / "Inat_dataset_splits").mkdir()
        for part, species in (("train", TRAIN), ("test", TEST)):
            lines = [
                f"train_val2018/{SUPER[one]}/{one}/{number}.jpg" for one in species for number in range(3)
            ]
            for line in lines:
                (tmp_path / line).parent.mkdir(parents=True, exist_ok=True)
                Image.new("RGB", (9, 8)).save(tmp_path / line)
            lines += more if part == "test" else ()
            path = tmp_path / f"Inat_dataset_splits/Inaturalist_{part}_set1.txt"
            path.write_text("\n".join(lines) + "\n")
        known = [
            {"id": one, "name": "x", "supercategory": SUPER[one]}
            | {rank: f"{letter}{one // (2 + place)}" for place, (rank, letter) in enumerate(RANKS.items())}
            for one in SUPER
        ]
        content = {"images": [], "annotations": [], "categories": known if categories is None else categories}
        (tmp_path / "train2018.json").write_text(json.dumps(content))
        return str(tmp_path)

    return write


def test_the_lists_are_the_splits_and_test_is_all_against_all(published):
    catalogue = INat2018(published(), val_fraction=0).read()
    table = catalogue.table
    assert (len(catalogue.rows("train")), len(catalogue.rows("test"))) == (18, 6)
    assert set(table["species"].iloc[catalogue.rows("test")]) == {"6", "7"}
    assert set(table["role"]) == {"both"}
    assert catalogue.protocol == "inat2018/smooth-ap/v1/not-as-published"
    assert (catalogue.root / table["image"].iloc[0]).is_file()


def test_super_categories_are_the_coarse_level(published):
    catalogue = INat2018(published()).read()
    assert catalogue.levels == ("species", "supercategory")
    assert catalogue.gains == (3.0, 1.0)
    assert all(
        SUPER[int(one)] == coarse for one, coarse in catalogue.table[list(catalogue.levels)].to_numpy()
    )


def test_the_ranks_between_are_those_of_the_categories(published):
    levels = ["species", *RANKS]
    catalogue = INat2018(published(), levels).read()
    assert catalogue.levels == tuple(levels)
    last = catalogue.table.iloc[-1]
    assert last[levels].tolist() == ["7", "g3", "f2", "o1", "c1", "p1", "k1"]


def test_the_json_is_not_needed_for_super_categories(published, tmp_path):
    root = published()
    (tmp_path / "train2018.json").unlink()
    INat2018(root).read()
    with pytest.raises(DataError, match=r"no .*train2018\.json.*visipedia/inat_comp"):
        INat2018(root, ["species", "genus"]).read()


def test_val_is_whole_training_species(published):
    catalogue = INat2018(published(), val_fraction=0.34).read()
    species = catalogue.table["species"].to_numpy()
    assert len(catalogue.rows("val")) == 6
    assert not set(species[catalogue.rows("val")]) & set(species[catalogue.rows("train")])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "train_val2018/Aves/x.jpg",
            r"test_set1\.txt, line 7: 'train_val2018/Aves/x\.jpg' is no path",
        ),
        ("train_val2018/Aves/4/0.jpg", "species 4 stands in both lists"),
        (
            "train_val2018/Fungi/6/9.jpg",
            r"set1\.txt names 'train_val2018/Fungi/6/9\.jpg'.* \(1 of 7 pict",
        ),
    ],
)
def test_a_wrong_line_is_named(published, line, message):
    with pytest.raises(DataError, match=message) as error:
        INat2018(published([line])).read()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("categories", "message"),
    [
        ([{"id": 0}], r"no categories with id, genus \(KeyError: 'genus'\)"),
        ([{"id": 0, "genus": "g"}], "has no category 1, which a list of the split names"),
        (3, "no categories with id, genus"),
    ],
)
def test_wrong_categories_are_one_line(published, categories, message):
    with pytest.raises(DataError, match=message):
        INat2018(published(categories=categories), ["species", "genus"]).read()


def test_a_list_that_is_no_text_is_refused(published, tmp_path):
    root = published()
    (tmp_path / "Inat_dataset_splits" / "Inaturalist_test_set1.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match=r"test_set1\.txt is not text"):
        INat2018(root).read()


def test_a_missing_list_is_named_with_its_page(tmp_path):
    with pytest.raises(DataError, match=r"Inaturalist_train_set1\.txt.*Andrew-Brown1/Smooth_AP"):
        INat2018(str(tmp_path)).read()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"levels": ["species", "tribe"]}, "data.levels: 'tribe'"),
        ({"levels": ["genus"]}, r"data.levels must begin with species, got \['genus'\]"),
        (
            {"levels": "species"},
            r"data.levels must be a list such as \[species, genus\], each once, got spec",
        ),
        ({"levels": ["species", "species"]}, "data.levels must be a list such as"),
        ({"val_fraction": 1}, "data.val_fraction must be >= 0 and < 1"),
    ],
)
def test_wrong_arguments_are_one_line(options, message):
    with pytest.raises(ConfigError, match=message):
        INat2018("x", **options)


def test_a_missing_picture_can_be_left_out(published):
    root = published()
    check_left_out(lambda **options: INat2018(root, **options).read())


def test_the_published_files_have_the_published_counts(caplog):
    INat2018(folder_of("inat2018"), val_fraction=0).read()
    assert not caplog.records
