"""Manifests as people's tools write them: every kind of column, saved indexes, odd lines and paths."""

from datetime import date
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from vsr.data.readers.folder import Folder
from vsr.errors import DataError

SKU = [*"aabbccddeeff"]
GAP = [1, 2, None, 3] * 3


@pytest.fixture
def photos(write_pictures):
    return write_pictures(dict.fromkeys("abcdef", 2))


@pytest.fixture
def images(photos):
    return sorted(path.relative_to(photos).as_posix() for path in photos.rglob("*.jpg"))


def write(photos, name="m.csv", **columns):
    table, path = pd.DataFrame(columns), photos / name
    table.to_parquet(path) if name.endswith(".parquet") else table.to_csv(path, index=False)
    return str(path)


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (GAP, "Int64"),
        (GAP, "Float64"),
        (GAP, "float64"),
        ([True, False, None, True] * 3, "boolean"),
        ([True, False, None, True] * 3, "object"),
        (["a", "b", None, "c"] * 3, "string[pyarrow]"),
        (["a", "b", None, "c"] * 3, "string[python]"),
        (["a", "b", None, "c"] * 3, "category"),
        (pd.to_datetime(["2020-01-01", "2020-01-02", None, "2020-01-03"] * 3), "datetime64[us]"),
        ([Decimal("1.5"), Decimal("2.5"), None, Decimal("3.5")] * 3, "object"),
        ([date(2020, 1, 1), date(2020, 1, 2), None, date(2020, 1, 3)] * 3, "object"),
    ],
)
@pytest.mark.parametrize("name", ["image", "item", "sku", "split"])
def test_a_gap_in_a_column_of_any_kind_is_named_with_its_row(photos, images, values, dtype, name):
    columns = {"image": images, "item": images, "sku": SKU, "split": ["train"] * 12}
    path = write(photos, "m.parquet", **{**columns, name: pd.Series(values).astype(dtype)})
    with pytest.raises(DataError, match=rf"m\.parquet.*{name}.*row") as error:
        Folder(manifest=path, levels=["sku"]).read()
    assert "\n" not in str(error.value)
    if name != "split":
        assert f"3 rows with an empty {name}, the first is row 3" in str(error.value)


@pytest.mark.parametrize(
    ("values", "dtype", "labels"),
    [
        (range(12), "Int64", [str(one) for one in range(12)]),
        ([True, False] * 6, "boolean", ["True", "False"] * 6),
        ([*"abcdef"] * 2, "string[pyarrow]", [*"abcdef"] * 2),
        ([*"abcdef"] * 2, "category", [*"abcdef"] * 2),
        (pd.to_datetime(["2020-01-01", "2021-02-03"] * 6), "datetime64[us]", ["2020-01-01 00:00:00"]),
        ([Decimal("1.50"), Decimal("2.00")] * 6, "object", ["1.50", "2.00"] * 6),
        ([date(2020, 1, 1), date(2020, 1, 2)] * 6, "object", ["2020-01-01", "2020-01-02"] * 6),
    ],
)
def test_a_label_column_of_any_plain_kind_is_text(photos, images, values, dtype, labels):
    split = ["train"] * 4 + ["val"] * 4 + ["test"] * 4
    path = write(photos, "m.parquet", image=images, sku=pd.Series(values).astype(dtype), split=split)
    assert Folder(manifest=path).read().names()[: len(labels)] == labels


def test_a_dictionary_column_of_arrow_is_text(photos, images):
    sku = pa.array(SKU).dictionary_encode()
    pq.write_table(pa.table({"image": images, "sku": sku}), photos / "m.parquet")
    assert Folder(manifest=str(photos / "m.parquet")).read().names() == SKU


@pytest.mark.parametrize(
    ("values", "kind"),
    [([["x"]] * 12, "a list"), ([{"x": 1}] * 12, "a record"), ([b"x"] * 12, "bytes")],
)
@pytest.mark.parametrize("name", ["image", "item", "sku", "split", "x"])
def test_a_column_of_what_is_no_text_is_named_with_its_row(photos, images, values, kind, name):
    boxes = dict.fromkeys("xywh", [1] * 12)
    columns = {"image": images, "item": images, "sku": SKU, "split": ["train"] * 12, **boxes}
    path = write(photos, "m.parquet", **{**columns, name: [None, *values[1:]]})
    with pytest.raises(DataError, match=rf"m\.parquet: column '{name}' holds {kind} in row 2; it must be"):
        Folder(manifest=path).read()


def test_boxes_of_nullable_whole_numbers_and_decimals_are_numbers(photos, images):
    box = pd.array([5, None] * 6, dtype="Int64")
    exact = [Decimal("5.5"), None] * 6
    path = write(photos, "m.parquet", image=images, sku=SKU, x=box, y=box, w=box, h=exact)
    table = Folder(manifest=path).read().table
    assert table[["x", "y", "w", "h"]].iloc[0].tolist() == [5, 5, 5, 5.5]
    assert table["x"].isna().tolist() == [False, True] * 6


@pytest.mark.parametrize("values", [[True] * 12, pd.to_datetime(["2020-01-01"] * 12), ["one"] * 12])
def test_a_box_of_what_is_no_number_is_refused(photos, images, values):
    path = write(photos, "m.parquet", image=images, sku=SKU, x=values, y=[1] * 12, w=[1] * 12, h=[1] * 12)
    with pytest.raises(DataError, match="12 rows with a x that is no number, the first is row 1"):
        Folder(manifest=path).read()


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            ["{0},a,new"],
            r"line 2 has 3 fields and the heading 2 \(image, sku\); a value with a ',' in it must",
        ),
        (["{0},a", "", "{1},a,"], "line 4 has 3 fields and the heading 2"),
        (['"{0}",a', '{1},"two', 'lines"', "{2}"], "line 5 has 1 fields and the heading 2"),
        (["{0},a", "{1}"], "line 3 has 1 fields and the heading 2"),
        (["{0},a", "n\xe9.jpg,b"], r"line 3 is not UTF-8 \(byte 0xe9\); save the table as UTF-8"),
    ],
)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_line_that_does_not_fit_the_heading_is_named(photos, images, lines, message, ending):
    text = ending.join(["image,sku", *lines, ""]).format(*images)
    (photos / "m.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(DataError, match=rf"m\.csv cannot be read as csv: .*{message}") as error:
        Folder(manifest=str(photos / "m.csv")).read()
    assert "\n" not in str(error.value)


def test_blank_lines_and_values_in_quotes_with_separators_and_line_ends_fit(photos, images):
    labels = ['"x, y"', '"two\nlines"']
    rows = [f"{image},{labels[row % 2]}" for row, image in enumerate(images)]
    (photos / "m.csv").write_text("\n".join(["", "\ufeffimage,sku"[1:], *rows[:3], "", "  ", *rows[3:]]))
    catalogue = Folder(manifest=str(photos / "m.csv"), splits=[1, 0, 0]).read()
    assert catalogue.names() == ["x, y", "two\nlines"] * 6


def test_a_column_named_twice_is_refused(photos, images):
    (photos / "m.csv").write_text("\n".join(["image,sku,sku", *(f"{image},a,b" for image in images)]))
    with pytest.raises(DataError, match="line 1 names the column 'sku' twice; rename one"):
        Folder(manifest=str(photos / "m.csv")).read()


def test_an_index_that_pandas_saved_is_no_label(photos, images, caplog):
    table = pd.DataFrame({"image": images, "sku": SKU}).iloc[[1, 0, *range(2, 12)]]
    table.to_csv(photos / "m.csv")
    pd.read_csv(photos / "m.csv").to_csv(photos / "m.csv")  # and saved once more
    assert Folder(manifest=str(photos / "m.csv")).read().levels == ("sku",)
    assert "m.csv: 'Unnamed: 0.1', 'Unnamed: 0' has no name of its own" in caplog.text
    bare = pa.Table.from_pandas(table).replace_schema_metadata(None)
    pq.write_table(bare, photos / "m.parquet")
    assert Folder(manifest=str(photos / "m.parquet")).read().levels == ("sku",)
    pa_csv.write_csv(bare, photos / "m.csv")
    assert Folder(manifest=str(photos / "m.csv")).read().levels == ("sku",)
    assert "m.csv: '__index_level_0__' has no name of its own" in caplog.text


def test_a_column_that_pandas_was_told_to_index_by_is_a_column(photos, images):
    table = pd.DataFrame({"image": images, "sku": SKU})
    table.set_index("image").to_parquet(photos / "m.parquet")
    assert Folder(manifest=str(photos / "m.parquet")).read().table["image"].tolist() == images


def test_a_first_label_that_no_two_pictures_share_is_refused_with_the_others(photos, images):
    path = write(photos, image=images, index=range(12), sku=SKU, line=[*"uuuuuuvvvvvv"])
    with pytest.raises(
        DataError, match=r"m\.csv: index is another one in each of the 12 rows.*data\.levels=\[sku,line\]"
    ):
        Folder(manifest=path).read()
    assert Folder(manifest=path, levels=["sku", "line"]).read().levels == ("sku", "line")


@pytest.mark.parametrize("again", ["./b/0.jpg", "b//0.jpg", "a/../b/0.jpg", "{root}/b/0.jpg"])
def test_one_picture_in_two_spellings_is_one_picture(photos, images, again):
    again = again.format(root=photos)
    path = write(photos, image=[*images[:11], again], sku=[*SKU[:11], "b"])
    with pytest.raises(DataError, match=r"item '.*b/0\.jpg' stands in rows 3 and 12"):
        Folder(manifest=path).read()
    path = write(photos, image=[*images[:2], again, *images[3:]], sku=SKU)
    item = again if again.startswith("/") else "b/0.jpg"
    assert Folder(manifest=path).read().table["item"].tolist() == [*images[:2], item, *images[3:]]


def test_paths_of_windows_are_told_to_be_written_with_slashes(photos, images):
    path = write(photos, image=[image.replace("/", "\\") for image in images], sku=SKU)
    with pytest.raises(
        DataError,
        match=r"row 1 names 'a\\0\.jpg', .*12 of 12 .*; 'a/0\.jpg' is there: write / between folders",
    ):
        Folder(manifest=path).read()
