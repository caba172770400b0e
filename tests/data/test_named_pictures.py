import pandas as pd
import pytest

from vsr.data.catalogue.catalogue import Catalogue
from vsr.data.loading.positives import LabelPositives, PairPositives
from vsr.data.named_pictures import NamedPictures
from vsr.data.readers.folder import Folder
from vsr.data.relevance.label_relevance import relevance_of
from vsr.errors import ConfigError, DataError


def named(*images, first=1):
    return pd.Series(list(images), index=pd.RangeIndex(first, first + len(images), name="line"))


def catalogue_of(root, images, qrels=None):
    table = pd.DataFrame({"item": images, "image": images, "label": images, "split": "test", "role": "both"})
    return Catalogue(table, ("label",), "made/v1", root, qrels=qrels)


def test_a_picture_that_is_not_there_is_named_with_its_line_how_many_more_and_the_option(tmp_path):
    (tmp_path / "a.jpg").touch()
    images = named("a.jpg", "b.jpg", "c.jpg", first=2)
    with pytest.raises(DataError) as error:
        NamedPictures("stop").look(images, tmp_path, "list.txt", "PAGE")
    assert str(error.value) == (
        f"list.txt: line 3 names 'b.jpg', which is not in {tmp_path} (2 of 3 pictures are not); unpack all "
        "of them there, from PAGE, or leave out what is missing with data.on_missing=skip"
    )


@pytest.mark.parametrize("again", ["p/a.jpg", "./p/a.jpg", "p//a.jpg", "p/../p/a.jpg", "p/./a.jpg"])
@pytest.mark.parametrize("lists", [1, 2])
def test_a_picture_named_twice_in_any_spelling_is_refused_in_one_list_and_in_two(tmp_path, again, lists):
    (tmp_path / "p").mkdir()
    (tmp_path / "p/a.jpg").touch()
    pictures = NamedPictures("stop")
    if lists == 2:
        pictures.look(named("p/a.jpg"), tmp_path, "train.txt")
    images = named("p/a.jpg", again) if lists == 1 else named(again, first=2)
    with pytest.raises(DataError, match=r"test\.txt: line 2 names '.*a\.jpg' a second time; remove one"):
        pictures.look(images, tmp_path, "test.txt")


def test_two_folders_of_which_one_is_a_link_are_not_taken_for_one(tmp_path):
    (tmp_path / "far/q").mkdir(parents=True)
    (tmp_path / "q").symlink_to(tmp_path / "far/q")
    for path in ("far/a.jpg", "a.jpg"):
        (tmp_path / path).touch()
    NamedPictures("stop").look(named("a.jpg", "q/../a.jpg"), tmp_path, "list.txt")  # the second: far/a.jpg


@pytest.mark.parametrize(
    ("there", "written", "hint"),
    [
        ("p/a.jpg", r"p\a.jpg", r"; 'p/a\.jpg' is there: write / between folders, or"),
        ("p/a.jpg", "P/A.JPG", r"; 'p/a\.jpg' is there: write it in the same way, or"),
        (
            "p/caf\u00e9.jpg",
            "p/cafe\u0301.jpg",
            "; 'p/caf\u00e9.jpg' is there: write it in the same way, or leave",
        ),
        ("p/a.jpg", "p/a.jpg ", r"; 'p/a\.jpg' is there: write it in the same way, or"),
        (
            "p/n\udce9.jpg",
            "p/né.jpg",
            r"; 'p/n\\xe9\.jpg' is there, whose name is not UTF-8: rename it, or leave",
        ),
        ("p/a.jpg", "p/b.jpg", r"pictures are not\); set data\.root"),
        ("p/a.jpg", r"q\a.jpg", r"pictures are not\); set data\.root"),
    ],
)
def test_a_picture_that_is_there_in_another_spelling_is_shown(tmp_path, there, written, hint):
    (tmp_path / "p").mkdir()
    (tmp_path / there).touch()
    with pytest.raises(DataError, match=hint) as error:
        NamedPictures("stop").look(named(written), tmp_path, "list.txt")
    str(error.value).encode()


def test_an_unknown_choice_is_refused():
    with pytest.raises(ConfigError, match=r"data\.on_missing must be stop or skip, got ignore"):
        NamedPictures("ignore")


def test_lists_of_relevance_keep_what_is_left_by_its_new_rows(tmp_path):
    images = ["q.jpg", "a.jpg", "b.jpg", "r.jpg", "c.jpg"]
    for image in ("q.jpg", "b.jpg", "r.jpg", "c.jpg"):
        (tmp_path / image).touch()
    qrels = pd.DataFrame({"query": [0, 0, 3, 3], "answer": [1, 2, 4, 1], "gain": [1.0, 2.0, 0.0, 1.0]})
    pictures = NamedPictures("skip")
    pictures.look(named(*images), tmp_path, "list.txt")
    part = pictures.there(catalogue_of(tmp_path, images, qrels))
    items = part.table["item"].to_numpy()
    found = [(items[one.query], items[one.answer], one.gain) for one in part.qrels.itertuples()]
    assert found == [("q.jpg", "b.jpg", 2.0), ("r.jpg", "c.jpg", 0.0)]
    rows = part.rows("test")
    relevance = relevance_of(part, rows, rows)
    assert items[relevance.positives(rows, 1).items].tolist() == ["b.jpg"]


def test_where_nothing_is_there_or_nothing_judged_skipping_stops_too(tmp_path):
    pictures = NamedPictures("skip")
    pictures.look(named("a.jpg", "b.jpg"), tmp_path, "list.txt")
    with pytest.raises(DataError, match=r"line 1 names 'a\.jpg', .* neither is any other of 2; set data"):
        pictures.there(catalogue_of(tmp_path, ["a.jpg", "b.jpg"]))
    (tmp_path / "a.jpg").touch()
    pictures = NamedPictures("skip")
    pictures.look(named("a.jpg", "b.jpg"), tmp_path, "list.txt")
    qrels = pd.DataFrame({"query": [0], "answer": [1], "gain": [1.0]})
    with pytest.raises(DataError, match="of every query or of all that is listed for it"):
        pictures.there(catalogue_of(tmp_path, ["a.jpg", "b.jpg"], qrels))


@pytest.fixture
def manifest(write_pictures):
    """A manifest of 12 pictures, items i0 to i11, of which i2 and i9 are not there."""
    root = write_pictures(dict.fromkeys("abcdef", 2))
    images = sorted(path.relative_to(root).as_posix() for path in root.rglob("*.jpg"))
    table = pd.DataFrame({"item": [f"i{row}" for row in range(12)], "image": images})
    table["sku"], table["split"] = [*"aabbccddeeff"], ["train"] * 6 + ["val"] * 2 + ["test"] * 4
    table.to_csv(root / "m.csv", index=False)
    for row in (2, 9):
        (root / images[row]).unlink()
    return str(root / "m.csv")


def test_a_manifest_goes_on_without_what_is_missing_and_says_so(manifest, caplog):
    with pytest.raises(DataError, match=r"m\.csv: row 3 names 'b/0\.jpg', .* \(2 of 12 .*on_missing=skip"):
        Folder(manifest=manifest).read()
    catalogue = Folder(manifest=manifest, on_missing="skip").read()
    assert catalogue.table["item"].tolist() == [f"i{row}" for row in range(12) if row not in (2, 9)]
    assert catalogue.missing["item"].tolist() == ["i2", "i9"]
    assert catalogue.protocol.endswith("/2-missing")
    (told,) = [one for one in caplog.messages if "on_missing" in one]
    assert "data.on_missing=skip: 2 of 12 pictures are left out; " in told
    assert "m.csv: row 3 names 'b/0.jpg'" in told
    assert len(LabelPositives().examples(catalogue).rows) == 5


def test_the_others_keep_the_split_that_they_have_with_all_pictures(write_pictures):
    root = write_pictures(dict.fromkeys("abcdefgh", 2))
    images = sorted(path.relative_to(root).as_posix() for path in root.rglob("*.jpg"))
    pd.DataFrame({"image": images, "sku": [image[0] for image in images]}).to_csv(root / "m.csv", index=False)
    whole = Folder(manifest=str(root / "m.csv")).read().table.set_index("item")["split"]
    for image in ("a/0.jpg", "c/0.jpg", "c/1.jpg"):
        (root / image).unlink()
    part = Folder(manifest=str(root / "m.csv"), on_missing="skip").read().table.set_index("item")["split"]
    assert part.to_dict() == whole[part.index].to_dict()
    assert len(part) == 13


def test_pairs_of_missing_pictures_are_left_out(manifest, tmp_path):
    catalogue = Folder(manifest=manifest, on_missing="skip").read()
    pairs = pd.DataFrame({"query": ["i0", "i2", "i2"], "positive": ["i1", "i3", "i2"]})
    pairs.to_csv(tmp_path / "pairs.csv", index=False)
    assert PairPositives(str(tmp_path / "pairs.csv")).examples(catalogue).rows.tolist() == [[0, 1]]
