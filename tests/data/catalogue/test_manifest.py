import pandas as pd
import pytest

from vsr.data.readers.folder import Folder
from vsr.errors import DataError


@pytest.fixture
def photos(write_pictures):
    return write_pictures(dict.fromkeys("abcdef", 2))


@pytest.fixture
def images(photos):
    return sorted(path.relative_to(photos).as_posix() for path in photos.rglob("*.jpg"))


def write(photos, name="m.csv", **columns):
    table = pd.DataFrame(columns)
    path = photos / name
    if name.endswith(".parquet"):
        table.to_parquet(path)
    else:
        table.to_csv(path, index=False, sep="\t" if name.endswith(".tsv") else ",")
    return str(path)


@pytest.mark.parametrize("name", ["m.csv", "m.tsv", "m.parquet"])
def test_image_and_one_label_column_are_enough(photos, images, name):
    path = write(photos, name, image=images, sku=[image[0] for image in images])
    catalogue = Folder(manifest=path).read()
    assert catalogue.levels == ("sku",)
    assert catalogue.protocol == "folder/label-disjoint@seed0"
    assert catalogue.root == photos
    assert catalogue.table["item"].tolist() == images


def test_a_manifest_may_be_named_from_the_root(photos, images):
    write(photos, image=images, sku=[image[0] for image in images])
    assert len(Folder(str(photos), "m.csv").read()) == 12


def test_given_columns_are_kept(photos, images):
    n = len(images)
    path = write(
        photos,
        item=[f"i{row}" for row in range(n)],
        image=images,
        product=[image[0] for image in images],
        category=["u" if image[0] < "d" else "v" for image in images],
        split=["train"] * 4 + ["val"] * 4 + ["test"] * 4,
        role=["both"] * 4 + ["query", "gallery"] * 4,
    )
    catalogue = Folder(str(photos), path).read()
    assert catalogue.levels == ("product", "category")
    assert catalogue.protocol == "folder/label-disjoint"
    assert catalogue.rows("val", "query").tolist() == [4, 6]
    assert catalogue.table["item"].iloc[3] == "i3"


def test_labels_of_digits_stay_text(photos, images):
    path = write(photos, image=images, sku=[f"00{ord(image[0])}" for image in images])
    assert Folder(manifest=path).read().names()[0] == "0097"


def test_columns_of_a_saved_catalogue_read_back(photos, tmp_path):
    catalogue = Folder(str(photos)).read()
    catalogue.save(tmp_path / "saved.parquet")
    again = Folder(str(photos), str(tmp_path / "saved.parquet")).read()
    pd.testing.assert_frame_equal(again.table[catalogue.table.columns], catalogue.table, check_dtype=False)


def test_boxes_become_numbers_and_name_items_of_one_image(photos, images):
    path = write(
        photos,
        image=[images[0], *images],
        sku=[image[0] for image in [images[0], *images]],
        x=[0, 5, *[None] * 11],
        y=[0, 6, *[None] * 11],
        w=[4, 7.5, *[None] * 11],
        h=[4, 8, *[None] * 11],
    )
    table = Folder(manifest=path).read().table
    assert table["item"].tolist()[:3] == ["a/0.jpg#0,0,4,4", "a/0.jpg#5,6,7.5,8", "a/1.jpg"]
    assert table["w"].tolist()[:2] == [4, 7.5]
    assert table["w"].isna().sum() == 11


def wrong(**changes):
    """A manifest of twelve pictures with some columns changed; None leaves one out."""

    def columns(images):
        base = {"image": images, "sku": [image[0] for image in images]}
        made = {name: value(images) if callable(value) else value for name, value in changes.items()}
        return {name: value for name, value in {**base, **made}.items() if value is not None}

    return columns


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (wrong(image=None, images=list), r"has no column 'image'; did you mean 'images'\?"),
        (wrong(sku=None), "has no label column, only image; add one"),
        (
            wrong(image=lambda images: [*images[:9], "x.jpg", "y.jpg", "z.jpg"]),
            r"m\.csv: row 10 names 'x\.jpg', which is not in .* \(3 of 12 pictures are not\); set",
        ),
        (wrong(image=lambda images: [*images[:11], images[2]]), r"item 'b/0\.jpg' stands in rows 3 and 12"),
        (wrong(item=[*"abcdefghijk", "b"]), "item 'b' stands in rows 2 and 12"),
        (wrong(item=[*"abcdefghijk", ""]), "1 rows with an empty item, the first is row 12"),
        (wrong(sku=["a"] * 12), "all 12 pictures of .* have the same sku 'a'"),
        (wrong(sku=["a", None, "b"] * 4), "4 rows with an empty sku, the first is row 2"),
        (wrong(split=["train"] * 11 + ["tset"]), r"split 'tset' in row 12; did you mean 'test'\?"),
        (wrong(split=["train"] * 11 + [None]), "split '' in row 12; choose from test, train, val"),
        (wrong(split=["test"] * 12), "no picture is in the train split"),
        (wrong(role=["both"] * 11 + ["querry"]), r"role 'querry' in row 12; did you mean 'query'\?"),
        (wrong(x=[1] * 12, y=[1] * 12, w=[1] * 12), r"has box columns \['x', 'y', 'w'\] but no 'h'"),
        (
            wrong(x=[1] * 11 + ["one"], y=[1] * 12, w=[1] * 12, h=[1] * 12),
            "1 rows with a x that is no number, the first is row 12",
        ),
        (wrong(x=[1] * 12, y=[1] * 12, w=[None] + [1] * 11, h=[1] * 12), "a box that is half given"),
        (wrong(x=[1] * 12, y=[1] * 12, w=[0] + [1] * 11, h=[1] * 12), "a box without width or height"),
        (
            wrong(price=list(range(12))),
            r"sku 'a' has 2 values of price, so these columns are not labels .* data\.levels=\[sku\]",
        ),
    ],
)
def test_a_manifest_that_cannot_be_used_is_explained(photos, images, columns, message):
    path = write(photos, **columns(images))
    with pytest.raises(DataError, match=message) as error:
        Folder(str(photos), path).read()
    assert "\n" not in str(error.value)


def test_other_columns_are_passed_over_when_levels_are_named(photos, images):
    path = write(photos, image=images, sku=[image[0] for image in images], price=list(range(12)))
    assert Folder(manifest=path, levels=["sku"]).read().levels == ("sku",)
    with pytest.raises(DataError, match=r"data\.levels: .* has no label column 'skuu'; did you mean 'sku'\?"):
        Folder(manifest=path, levels=["skuu"]).read()


def test_a_split_that_shares_labels_is_used_and_named(photos, images):
    split = ["test" if image < "c" else "train" for image in images]
    path = write(photos, image=images, sku=["x", "x", *(image[0] for image in images[2:])], split=split)
    assert Folder(manifest=path).read().protocol == "folder/label-disjoint+val@seed0"
    path = write(photos, image=images, sku=["f", "f", *(image[0] for image in images[2:])], split=split)
    catalogue = Folder(manifest=path).read()
    assert catalogue.protocol == "folder/given-split+val@seed0"
    assert len(catalogue.rows("test")) == 4


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("n.csv", None, r"no file .*n\.csv; did you mean .*m\.csv\?"),
        ("n.json", b"{}", r"n\.json must end in \.csv, \.tsv or \.parquet"),
        ("n.parquet", b"no parquet", r"n\.parquet cannot be read as parquet"),
        ("n.csv", b"", r"n\.csv cannot be read as csv"),
        ("n.csv", b"image,sku\n", r"n\.csv has no rows"),
        ("n.csv", b"image,sku\na,b,c\nd,e\n\xff\n", r"n\.csv cannot be read as csv"),
    ],
)
def test_a_table_that_cannot_be_read_is_explained(photos, images, name, content, message):
    write(photos, image=images, sku=["x"] * 12)
    if content is not None:
        (photos / name).write_bytes(content)
    with pytest.raises(DataError, match=message) as error:
        Folder(str(photos), str(photos / name)).read()
    assert "\n" not in str(error.value)
