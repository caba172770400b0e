from pathlib import Path

import pytest
from missing_pictures import check_left_out

from vsr.data.readers.grocery import GroceryStore
from vsr.errors import ConfigError, DataError

REAL = Path(__file__).parents[3] / "../shared/data/grocery"
HEADING = (
    "Class Name (str),Class ID (int),Coarse Class Name (str),Coarse Class ID (int),Iconic Image Path (str),"
    "Product Description Path (str)"
)
PRODUCTS = [("Gala", "Apple", 0), ("Fuji", "Apple", 0), ("Lime", "Lime", 1), ("Leek", "Leek", 2)]


@pytest.fixture
def miniature(lay_out):
    """Two training photos, one validation photo and one test photo of each of four products."""
    lists = {f"{split}.txt": [] for split in ("train", "val", "test")}
    for fine, (name, category, coarse) in enumerate(PRODUCTS):
        for split, photos in (("train", 2), ("val", 1), ("test", 1)):
            for photo in range(photos):
                image = f"{split}/Fruit/{category}/{name}/{name}_{photo:03d}.jpg"
                lists[f"{split}.txt"].append(f"{image}, {fine}, {coarse}")
    iconic = [f"iconic/{name}_Iconic.jpg" for name, _, _ in PRODUCTS]
    classes = [
        f"{name},{fine},{category},{coarse},/{iconic[fine]},/iconic/{name}.txt"
        for fine, (name, category, coarse) in enumerate(PRODUCTS)
    ]
    pictures = [line.split(",")[0] for lines in lists.values() for line in lines] + iconic
    return lay_out("dataset", {**lists, "classes.csv": [HEADING, *classes]}, pictures)


def counted(catalogue):
    return {
        (split, role): len(catalogue.rows(split, role))
        for split in ("train", "val", "test")
        for role in ("query", "gallery")
    }


def test_photos_are_searched_among_the_training_photos(miniature):
    catalogue = GroceryStore(str(miniature)).read()
    assert catalogue.levels == ("product", "category")
    assert counted(catalogue) == {
        ("train", "query"): 8,
        ("train", "gallery"): 8,
        ("val", "query"): 4,
        ("val", "gallery"): 8,
        ("test", "query"): 4,
        ("test", "gallery"): 8,
    }
    images = catalogue.table["image"]
    training = set(images.iloc[catalogue.rows("train")])
    assert set(images.iloc[catalogue.rows("test", "gallery")]) == training
    assert not set(images.iloc[catalogue.rows("test", "query")]) & training


def test_photos_are_searched_among_iconic_pictures_of_the_same_products(miniature):
    catalogue = GroceryStore(str(miniature), gallery="iconic").read()
    gallery = catalogue.table.iloc[catalogue.rows("test", "gallery")]
    assert gallery["image"].tolist() == [f"iconic/{name}_Iconic.jpg" for name, _, _ in PRODUCTS]
    assert gallery["product"].tolist() == [name for name, _, _ in PRODUCTS]
    assert not catalogue.table["image"].iloc[catalogue.rows("train")].str.startswith("iconic").any()
    assert catalogue.protocol == "grocery/iconic/v1/not-as-published"


def test_coarse_classes_are_the_category(miniature):
    table = GroceryStore(str(miniature)).read().table
    assert dict(zip(table["product"], table["category"], strict=True)) == {
        name: category for name, category, _ in PRODUCTS
    }


@pytest.mark.parametrize("gallery", ["photos", "iconic"])
def test_a_fold_is_held_out_of_training_and_tested_like_all_others(miniature, gallery):
    published = GroceryStore(str(miniature), gallery).read()
    catalogue = GroceryStore(str(miniature), gallery, folds=2, fold=1).read()
    products = catalogue.table["product"]
    assert set(products.iloc[catalogue.rows("val", "query")]) == {"Lime", "Leek"}
    assert len(catalogue.rows("val", "gallery")) == 6  # two training photos and a validation photo of each
    assert set(products.iloc[catalogue.rows("train")]) == {"Gala", "Fuji"}
    for role in ("query", "gallery"):
        tested = [one.table["image"].iloc[one.rows("test", role)].tolist() for one in (published, catalogue)]
        assert tested[0] == tested[1]


def test_a_class_that_classes_csv_has_not_is_named_with_its_line(miniature):
    with (miniature / "val.txt").open("a") as file:
        file.write("val/x.jpg, 7, 0\n")
    with pytest.raises(DataError, match=r"val\.txt: line 5: class 7 in coarse class 0 is not in"):
        GroceryStore(str(miniature)).read()


def test_a_coarse_class_that_does_not_fit_is_named_with_its_line(miniature):
    path = miniature / "test.txt"
    path.write_text(path.read_text().replace(", 2, 1", ", 2, 0"))
    with pytest.raises(DataError, match=r"test\.txt: line 3: class 2 in coarse class 0 is not in"):
        GroceryStore(str(miniature)).read()


def test_a_cut_off_table_of_classes_is_named_with_its_line(miniature):
    path = miniature / "classes.csv"
    path.write_text(path.read_text()[:-40])
    with pytest.raises(DataError, match=r"classes\.csv: line 5 has [45] fields, not 6"):
        GroceryStore(str(miniature)).read()


def test_a_missing_iconic_picture_is_named_with_its_line(miniature):
    (miniature / "iconic" / "Lime_Iconic.jpg").unlink()
    with pytest.raises(DataError, match=r"classes\.csv: line 4 names 'iconic/Lime_Iconic\.jpg'"):
        GroceryStore(str(miniature), gallery="iconic").read()


def test_an_unknown_gallery_is_answered_with_the_nearest():
    with pytest.raises(ConfigError, match=r"data\.gallery: 'photo'; did you mean 'photos'\?"):
        GroceryStore("grocery", gallery="photo")


@pytest.mark.parametrize("gallery", ["photos", "iconic"])
def test_a_missing_picture_can_be_left_out(miniature, gallery):
    check_left_out(lambda **options: GroceryStore(str(miniature), gallery, **options).read())


def test_a_photo_of_two_lists_is_refused_however_it_is_spelled(miniature):
    with (miniature / "test.txt").open("a") as file:
        file.write("./train/Fruit/Apple/Gala/Gala_000.jpg, 0, 0\n")
    with pytest.raises(DataError, match=r"test\.txt: line 5 names '\./train/.*Gala_000\.jpg' a second time"):
        GroceryStore(str(miniature)).read()


@pytest.mark.skipif(not REAL.is_dir(), reason="the GroceryStore photos are not there")
@pytest.mark.parametrize(("gallery", "n_shown"), [("photos", 2640), ("iconic", 81)])
def test_the_real_files_have_the_published_counts(gallery, n_shown):
    catalogue = GroceryStore(str(REAL), gallery).read()
    assert catalogue.protocol == f"grocery/{gallery}/v1"
    assert counted(catalogue) == {
        ("train", "query"): 2640,
        ("train", "gallery"): 2640,
        ("val", "query"): 296,
        ("val", "gallery"): n_shown,
        ("test", "query"): 2485,
        ("test", "gallery"): n_shown,
    }
    assert catalogue.table["product"].nunique() == 81
