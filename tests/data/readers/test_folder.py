import os
from pathlib import Path

import pytest

from vsr.data.readers.folder import Folder
from vsr.errors import ConfigError, DataError

SEVEN = dict.fromkeys("abcdefg", 2)
GROCERY = Path(__file__).parents[3] / "../shared/data/grocery"


def folders(catalogue, split):
    return {Path(image).parent.as_posix() for image in catalogue.table["image"][catalogue.rows(split)]}


def test_class_folders_are_the_labels(write_pictures):
    root = write_pictures({**SEVEN, "h": 3})
    catalogue = Folder(str(root)).read()
    assert catalogue.levels == ("label",)
    assert catalogue.names() == [name for name in "abcdefgh" for _ in range(3 if name == "h" else 2)]
    assert (root / catalogue.table["image"].iloc[0]).is_file()
    assert catalogue.table["item"].iloc[0] == "a/0.jpg"


def test_nested_folders_are_products_in_categories(write_pictures):
    root = write_pictures({f"{category}/{product}": 2 for category in ("cup", "mug") for product in "rstu"})
    catalogue = Folder(str(root)).read()
    assert catalogue.levels == ("product", "category")
    assert catalogue.gains == (3.0, 1.0)
    first = catalogue.table.iloc[0]
    assert (first["product"], first["category"]) == ("cup/r", "cup")
    assert len(set(catalogue.codes[:, 0])) == 8  # cup/r and mug/r are two products


def test_a_less_deep_folder_is_its_own_finer_label(write_pictures):
    deep = {f"fruit/apple/{kind}": 2 for kind in ("gala", "fuji", "ruby")}
    root = write_pictures({**deep, "fruit/kiwi": 2, "roots/beet": 2, "roots/leek": 2})
    catalogue = Folder(str(root)).read()
    assert catalogue.levels == ("product", "category", "department")
    rows = {row["product"]: (row["category"], row["department"]) for _, row in catalogue.table.iterrows()}
    assert rows["fruit/apple/gala"] == ("fruit/apple", "fruit")
    assert rows["fruit/kiwi"] == ("fruit/kiwi", "fruit")
    assert rows["roots/beet"] == ("roots/beet", "roots")


def test_a_level_that_tells_nothing_apart_is_dropped(write_pictures):
    catalogue = Folder(str(write_pictures({f"all/{name}": 2 for name in "abcdef"}))).read()
    assert catalogue.levels == ("label",)


def test_levels_can_be_named_and_the_coarsest_left_out(write_pictures):
    root = write_pictures({f"x/{a}/{b}": 2 for a in "kl" for b in "mno"})
    catalogue = Folder(str(root), levels=["sku", "line"], gains=[5, 2]).read()
    assert catalogue.levels == ("sku", "line")
    assert catalogue.gains == (5, 2)
    assert set(catalogue.table["line"]) == {"x/k", "x/l"}
    with pytest.raises(DataError, match=r"is 3 folders deep and cannot give the 4 levels"):
        Folder(str(root), levels=list("abcd")).read()


def test_the_split_made_is_disjoint_and_named(write_pictures):
    root = str(write_pictures(SEVEN))
    catalogue = Folder(root, seed=3).read()
    assert catalogue.protocol == "folder/label-disjoint@seed3"
    sides = [folders(catalogue, split) for split in ("train", "val", "test")]
    assert all(len(side) >= 2 for side in sides)
    assert sum(map(len, sides)) == 7
    assert set(catalogue.table["role"]) == {"both"}
    assert Folder(root, seed=3).read().fingerprint == catalogue.fingerprint


def test_a_fold_is_the_validation_split_and_test_stays(write_pictures):
    root = str(write_pictures({**SEVEN, "h": 2, "i": 2}))
    test = folders(Folder(root).read(), "test")
    made = [Folder(root, folds=3, fold=fold).read() for fold in range(3)]
    held_out = [folders(catalogue, "val") for catalogue in made]
    assert sorted(set.union(*held_out)) == sorted(label for one in held_out for label in one)
    assert set.union(*held_out) == set("abcdefghi") - test
    for catalogue in made:
        assert folders(catalogue, "test") == test
        assert not folders(catalogue, "train") & folders(catalogue, "val")
        assert set(catalogue.table["role"]) == {"both"}
    with pytest.raises(ConfigError, match=r"data\.fold must be in 0\.\.2"):
        Folder(root, folds=3, fold=3).read()


def test_folders_called_train_val_and_test_are_the_split(write_pictures):
    counts = {f"{split}/{name}": 2 for split in ("train", "val", "test") for name in "ab"}
    catalogue = Folder(str(write_pictures(counts))).read()
    assert catalogue.protocol == "folder/given-split"
    assert folders(catalogue, "val") == {"val/a", "val/b"}
    assert set(catalogue.names()) == {"a", "b"}


def test_given_folders_without_shared_labels_are_called_disjoint(write_pictures):
    counts = {"train/a": 2, "train/b": 2, "valid/c": 2, "valid/d": 2, "Test/e": 2, "Test/f": 2}
    catalogue = Folder(str(write_pictures(counts))).read()
    assert catalogue.protocol == "folder/label-disjoint"
    assert folders(catalogue, "val") == {"valid/c", "valid/d"}
    assert folders(catalogue, "test") == {"Test/e", "Test/f"}


def test_a_missing_val_folder_is_carved_out_of_trains_labels(write_pictures):
    counts = {f"{split}/{name}": 2 for split in ("train", "test") for name in "abcdefgh"}
    catalogue = Folder(str(write_pictures(counts))).read()
    assert catalogue.protocol == "folder/given-split+val@seed0"
    train, val = folders(catalogue, "train"), folders(catalogue, "val")
    assert len(val) >= 2
    assert train | val == {f"train/{name}" for name in "abcdefgh"}
    assert folders(catalogue, "test") == {f"test/{name}" for name in "abcdefgh"}


def test_a_class_called_train_alone_is_a_class(write_pictures):
    root = write_pictures(dict.fromkeys(("train", "car", "bus", "bike", "ship", "van"), 2))
    assert "train" in Folder(str(root)).read().names()


def test_pictures_outside_class_folders_are_left_out_and_counted(write_pictures, caplog):
    root = write_pictures({**SEVEN, ".": 1})
    assert len(Folder(str(root)).read()) == 14
    assert "1 of 15 pictures lie outside the class folders" in caplog.text


def test_hidden_files_and_other_kinds_are_passed_over(write_pictures):
    root = write_pictures(SEVEN)
    for name in ("a/._0.jpg", "a/notes.txt", ".cache/x.jpg", "__MACOSX/a.jpg"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(b"")
    (root / "a/0.jpg").rename(root / "a/0.JPEG")
    catalogue = Folder(str(root)).read()
    assert len(catalogue) == 14
    assert "a/0.JPEG" in catalogue.table["item"].tolist()


def test_linked_folders_are_followed_but_not_in_circles(write_pictures, tmp_path):
    root = write_pictures(SEVEN)
    (root / "g").rename(tmp_path / "far")
    (root / "g").symlink_to(tmp_path / "far")
    (root / "a" / "up").symlink_to(root)
    assert len(Folder(str(root)).read()) == 14


def test_a_missing_folder_is_told_with_its_nearest_sibling(write_pictures):
    root = write_pictures(SEVEN)
    with pytest.raises(DataError, match=rf"data.root: no folder .*fotos; did you mean {root}\?"):
        Folder(str(root.parent / "fotos")).read()


def test_levels_that_are_one_word_are_refused(tmp_path):
    with pytest.raises(
        ConfigError, match=r"data\.levels must be a list such as \[product, category\], got mug"
    ):
        Folder(str(tmp_path), levels="mug")


def test_an_empty_root_is_not_the_working_folder():
    with pytest.raises(ConfigError, match=r"data\.root must name a folder of pictures"):
        Folder("")


def test_a_folder_whose_name_is_a_number_is_read(write_pictures, monkeypatch):
    root = write_pictures(SEVEN)
    root.rename(root.parent / "2018")
    monkeypatch.chdir(root.parent)
    assert len(Folder(2018).read()) == 2 * len(SEVEN)


def test_an_empty_folder_tells_what_was_looked_for(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(DataError, match=r"no picture in .* looked for \.jpg, \.jpeg, \.png"):
        Folder(str(tmp_path)).read()


def test_pictures_without_class_folders_are_refused(write_pictures):
    with pytest.raises(DataError, match=r"3 pictures of .* lie in no class folder"):
        Folder(str(write_pictures({".": 3}))).read()


def test_one_class_is_refused(write_pictures):
    with pytest.raises(DataError, match=r"all 5 pictures of .* have the same label 'a'"):
        Folder(str(write_pictures({"a": 5}))).read()


def test_too_few_labels_to_split_are_refused(write_pictures):
    with pytest.raises(DataError, match="3 labels with two pictures or more cannot be split"):
        Folder(str(write_pictures({"a": 5, "b": 5, "c": 2, "d": 1}))).read()


def test_neither_root_nor_manifest_is_refused():
    with pytest.raises(ConfigError, match=r"data\.root must name a folder"):
        Folder()


@pytest.mark.skipif(not GROCERY.is_dir(), reason="the GroceryStore photos are not there")
def test_the_grocery_store_reads_as_published():
    catalogue = Folder(str(GROCERY)).read()
    assert catalogue.protocol == "folder/given-split"
    assert [len(catalogue.rows(split)) for split in ("train", "val", "test")] == [2640, 296, 2485]
    # 81 products; train keeps the brown cap mushroom in another folder than val and test do.
    assert len(set(catalogue.codes[:, 0])) == 82


@pytest.mark.parametrize("name", [b"a/n\xe9.png", b"caf\xe9/n.png"])
def test_a_name_that_is_not_utf_8_is_shown_with_its_folder_and_the_mend(write_pictures, name):
    root = write_pictures(SEVEN)
    path = os.fsencode(root) + b"/" + name
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.link(root / "a/0.jpg", path)
    shown = name.decode("utf-8", "backslashreplace").replace("\\", r"\\")
    with pytest.raises(
        DataError, match=rf"data\.root: a name in {root} is not UTF-8, it is '{shown}'; rename it \(convmv"
    ) as error:
        Folder(str(root)).read()
    str(error.value).encode()


def test_what_is_no_picture_may_have_any_name(write_pictures):
    root = write_pictures(SEVEN)
    os.link(root / "a/0.jpg", os.fsencode(root) + b"/a/n\xe9.txt")
    assert len(Folder(str(root)).read()) == 14
