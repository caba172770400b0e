"""Planted flaws are found, named and graded; a sound data set is left in peace."""

import json
import os
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from vsr.data.catalogue.catalogue import Catalogue
from vsr.data.inspection.inspector import Inspector
from vsr.data.inspection.samples import sample_rows
from vsr.data.readers.toystore import Toystore
from vsr.data.shards.reader import Shards
from vsr.data.shards.writer import write_shards
from vsr.errors import ConfigError

SOUND = [
    (f"{split}/{label}{n}.jpg", label, split)
    for split, labels in (("train", "abc"), ("val", "de"), ("test", "fg"))
    for label in labels
    for n in range(3)
]


def inspected(catalogue, **options):
    """The inspection, and its findings by name."""
    inspection = Inspector(workers=2, **options).inspect(catalogue)
    return inspection, {finding.name: finding for finding in inspection.findings}


def serious(inspection):
    return [finding.name for finding in inspection.findings if finding.severity != "note"]


def plant(dataset, tmp_path, made, copies, quality=None, rows=SOUND):
    """A data set in which pictures are copies of others: to the last bit, or saved again."""
    for number, (target, source) in enumerate(copies):
        for name in (source, target):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        made(number).save(tmp_path / source, quality=95)
        if quality is None:
            shutil.copy(tmp_path / source, tmp_path / target)
        else:
            made(number).save(tmp_path / target, quality=quality)
    return dataset(rows)


def test_a_sound_data_set_has_neither_errors_nor_warnings(dataset):
    inspection, found = inspected(dataset(SOUND))
    assert serious(inspection) == []
    assert inspection.usable
    assert list(found) == ["disjoint"]


def test_the_toystore_is_sound(tmp_path):
    catalogue = Toystore(products=24, photos=4, image_size=32, photo_size=32, cache_dir=str(tmp_path)).read()
    inspection, _ = inspected(catalogue)
    assert serious(inspection) == []


@pytest.mark.parametrize(("source", "target"), [("train", "test"), ("train", "val"), ("val", "test")])
@pytest.mark.parametrize(("quality", "kind", "severity"), [(None, "exact", "error"), (40, "near", "warning")])
def test_a_leak_between_splits_is_found(dataset, tmp_path, made, source, target, quality, kind, severity):
    first = {split: next(image for image, _, own in SOUND if own == split) for split in (source, target)}
    catalogue = plant(dataset, tmp_path, made, [(first[target], first[source])], quality)
    inspection, found = inspected(catalogue)
    leak = found[f"copies/{source}/{target}/{kind}"]
    assert leak.severity == severity
    assert [[catalogue.table["image"][row] for row in case.rows] for case in leak.cases] == [
        [first[target], first[source]]
    ]
    assert inspection.usable == (severity != "error")
    assert sorted(serious(inspection)) == sorted([leak.name, f"copies/labels/{kind}"])  # disjoint labels


def test_a_gallery_alone_may_hold_what_was_trained_on(dataset, tmp_path, made):
    rows = [row for row in SOUND if row[2] != "test"]
    rows += [(f"test/a{n}.jpg", "a", "test", role) for n, role in enumerate(("gallery", "gallery", "query"))]
    copies = [("test/a0.jpg", "train/a0.jpg"), ("test/a1.jpg", "train/a1.jpg")]
    inspection, found = inspected(plant(dataset, tmp_path, made, copies, rows=rows))
    assert inspection.usable
    assert not [name for name in found if name.startswith("copies/")]


def test_one_picture_under_two_labels_is_an_error_told_once_a_pair(dataset, tmp_path, made):
    catalogue = plant(dataset, tmp_path, made, [("train/a0.jpg", "train/b0.jpg")])
    inspection, found = inspected(catalogue)
    assert found["copies/labels/exact"].text == "1 picture has a copy under another product."
    assert serious(inspection) == ["copies/labels/exact"]


@pytest.mark.parametrize(("split", "first", "second"), [("train", "a0", "a1"), ("test", "f0", "f2")])
def test_a_repeat_within_a_label_is_a_warning(dataset, tmp_path, made, split, first, second):
    catalogue = plant(dataset, tmp_path, made, [(f"{split}/{second}.jpg", f"{split}/{first}.jpg")])
    inspection, found = inspected(catalogue)
    assert serious(inspection) == [f"copies/{split}/exact"]
    assert len(found[f"copies/{split}/exact"].cases) == 1
    assert inspection.usable


def test_a_query_that_lies_in_its_own_gallery_is_an_error(dataset, tmp_path, made):
    rows = [row for row in SOUND if row[2] != "test"]
    rows += [("test/f0.jpg", "f", "test", "query"), ("test/f1.jpg", "f", "test", "gallery")]
    rows += [("test/g0.jpg", "g", "test", "gallery")]
    inspection, found = inspected(plant(dataset, tmp_path, made, [("test/f1.jpg", "test/f0.jpg")], rows=rows))
    assert found["copies/test/query/exact"].text == "1 test query has a copy in its own gallery."
    assert not inspection.usable


def test_files_cut_into_boxes_of_two_splits_are_named(dataset):
    rows = [*SOUND, ("street.jpg", "a", "train"), ("street.jpg", "f", "test")]
    boxes = {name: [np.nan] * len(SOUND) for name in "xywh"}
    for name, both in (("x", [0, 100]), ("y", [0, 0]), ("w", [90, 90]), ("h", [90, 90])):
        boxes[name] += both
    inspection, found = inspected(dataset(rows, **boxes))
    assert serious(inspection) == ["copies/boxes"]
    assert found["copies/boxes"].cases[0].rows == (len(SOUND), len(SOUND) + 1)


def test_unreadable_pictures_are_errors_with_their_reason(dataset, tmp_path):
    catalogue = dataset(SOUND)
    (tmp_path / "train/a1.jpg").write_bytes(b"")
    whole = (tmp_path / "test/f1.jpg").read_bytes()
    (tmp_path / "test/f1.jpg").write_bytes(whole[: len(whole) // 2])
    inspection, found = inspected(catalogue)
    assert serious(inspection) == ["unreadable"]
    assert not inspection.usable
    first, second = (case.text for case in found["unreadable"].cases)
    assert first == "train/a1.jpg: the file is empty"
    assert second.startswith("test/f1.jpg: ")


def test_queries_whose_label_is_missing_from_the_gallery_are_counted(dataset):
    rows = [row for row in SOUND if row[2] != "test"]
    rows += [(f"q{n}.jpg", label, "test", "query") for n, label in enumerate("ffg")]
    rows += [("g0.jpg", "f", "test", "gallery")]
    inspection, found = inspected(dataset(rows))
    assert serious(inspection) == ["unanswerable/test"]
    assert "1 query of test (33%), of 1 label, has nothing relevant" in found["unanswerable/test"].text
    assert [case.text for case in found["unanswerable/test"].cases] == ["g"]


def test_a_picture_is_no_answer_to_itself(dataset):
    rows = [row for row in SOUND if row[0] not in ("test/g1.jpg", "test/g2.jpg")]  # one g, role both
    _, found = inspected(dataset(rows))
    assert [case.text for case in found["unanswerable/test"].cases] == ["g"]


@pytest.mark.parametrize(("role", "text"), [("gallery", "is a query"), ("query", "is a gallery")])
def test_a_split_that_lacks_a_side_of_the_search_is_an_error(dataset, role, text):
    rows = [(*row, role) if row[2] == "test" else row for row in SOUND]
    inspection, found = inspected(dataset(rows))
    assert text in found["roles/test"].text
    assert not inspection.usable


def test_queries_that_all_have_nothing_to_find_are_an_error(dataset):
    rows = [row for row in SOUND if row[2] != "val"]
    rows += [(f"{label}.jpg", label, "val") for label in "xyz"]
    _, found = inspected(dataset(rows))
    assert found["unanswerable/val"].severity == "error"


def test_labels_of_one_picture_are_a_warning_and_only_such_an_error(dataset):
    rest = [row for row in SOUND if row[2] != "train"]
    some = [("a0.jpg", "a", "train"), ("a1.jpg", "a", "train"), ("b0.jpg", "b", "train")]
    inspection, found = inspected(dataset([*rest, *some]))
    assert serious(inspection) == ["labels/single"]
    assert [case.text for case in found["labels/single"].cases] == ["b"]
    inspection, _ = inspected(dataset([*rest, *some[1:]]))
    assert serious(inspection) == ["labels/no-positives"]
    inspection, _ = inspected(dataset([*rest, *some[:2]]))
    assert serious(inspection) == ["labels/one"]


def test_labels_of_test_that_are_trained_on_are_counted(dataset):
    rows = [(image, {"f": "a"}.get(label, label), split) for image, label, split in SOUND]
    inspection, found = inspected(dataset(rows))
    assert serious(inspection) == ["overlap"]
    assert found["overlap"].text.startswith("1 of 2 labels of test are")
    assert found["disjoint"].text.startswith("No label of val is")
    assert [case.text for case in found["overlap"].cases] == ["a"]


def test_a_label_far_larger_than_the_others_is_a_warning(dataset):
    rows = [*SOUND, *((f"train/more{n}.jpg", "a", "train") for n in range(4))]
    inspection, _ = inspected(dataset(rows), imbalance=2)
    assert serious(inspection) == ["labels/imbalance"]
    inspection, _ = inspected(dataset(rows), imbalance=3)
    assert serious(inspection) == []


def test_labels_that_differ_in_writing_only_are_named(dataset):
    rows = [*SOUND, ("x.jpg", "Red Cup", "train"), ("y.jpg", "red_cup ", "train")]
    rows += [("z.jpg", "1.0", "train"), ("w.jpg", "10", "train")]
    _, found = inspected(dataset(rows))
    assert [case.text for case in found["labels/spelling/product"].cases] == ["'Red Cup' · 'red_cup '"]


def test_a_product_of_two_categories_is_named():
    table = pd.DataFrame(
        {
            "product": list("aabb"),
            "category": ["x", "y", "x", "x"],
            "split": "train",
            "role": "both",
            "item": range(4),
            "image": range(4),
        }
    )
    pixels = np.random.default_rng(0).integers(0, 256, (4, 40, 40, 3), np.uint8)
    _, found = inspected(Catalogue(table, ("product", "category"), "made/v1", pixels=pixels))
    assert [case.text for case in found["labels/nesting/product"].cases] == ["a"]


def test_missing_splits_are_told(dataset):
    inspection, _ = inspected(dataset([row for row in SOUND if row[2] == "train"]))
    assert serious(inspection) == ["splits/val", "splits/test"]
    inspection, _ = inspected(dataset([row for row in SOUND if row[2] != "train"]))
    assert serious(inspection) == ["splits/train"]


def test_files_that_are_not_in_the_catalogue_are_counted_by_kind(dataset, tmp_path):
    catalogue = dataset(SOUND)
    for name in ("train/x.heic", "train/y.heic", "test/notes.txt", "test/.hidden"):
        (tmp_path / name).write_bytes(b"x")
    _, found = inspected(catalogue)
    assert "3 files lie beside the pictures" in found["beside"].text
    assert "2 × .heic, 1 × .txt" in found["beside"].text


def test_files_beside_whose_names_are_not_utf_8_are_shown(dataset, tmp_path):
    catalogue = dataset(SOUND)
    with open(os.fsencode(tmp_path) + b"/train/n\xe9.t\xe9xt", "w"):
        pass
    inspection, found = inspected(catalogue)
    assert r"1 × .t\xe9xt" in found["beside"].text
    assert found["beside"].cases[0].text == r"train/n\xe9.t\xe9xt"
    json.dumps(inspection.about(), ensure_ascii=False).encode()


def test_missing_pictures_that_were_left_out_are_told(dataset):
    catalogue = replace(dataset(SOUND), missing=pd.DataFrame({"item": ["x", "y"], "image": ["p.jpg"] * 2}))
    _, found = inspected(catalogue)
    assert found["missing"].severity == "warning"
    assert "1 listed picture is not in" in found["missing"].text
    assert [case.text for case in found["missing"].cases] == ["p.jpg"]


def test_peculiar_pictures_are_named(dataset, tmp_path, made):
    rows = [(f"train/{name}", "a", "train") for name in ("flat.png", "small.png", "long.png", "png.jpg")]
    (tmp_path / "train").mkdir()
    made(0).point(lambda _: 200).save(tmp_path / "train/flat.png")
    made(1, (31, 90)).save(tmp_path / "train/small.png")
    made(2, (330, 80)).save(tmp_path / "train/long.png")
    made(3).save(tmp_path / "train/png.jpg", "PNG")
    catalogue = dataset([*SOUND, *rows])
    _, found = inspected(catalogue)
    for name in ("flat", "small", "long"):
        assert [case.text for case in found[name].cases] == [f"train/{name}.png"]
    assert [case.text for case in found["suffix"].cases] == ["train/png.jpg is PNG"]


def test_findings_come_errors_first_and_everything_is_json(dataset, tmp_path, made):
    catalogue = plant(dataset, tmp_path, made, [("test/f0.jpg", "train/a0.jpg")])
    (tmp_path / "train/a1.jpg").write_bytes(b"")
    inspection, _ = inspected(catalogue)
    about = json.loads(json.dumps(inspection.about()))
    severities = [finding["severity"] for finding in about["findings"]]
    assert severities == sorted(severities, key=["error", "warning", "note"].index)
    leak = next(one for one in about["findings"] if one["name"] == "copies/train/test/exact")
    items = catalogue.table.set_index("image")["item"]
    assert leak["cases"][0]["items"] == [items["test/f0.jpg"], items["train/a0.jpg"]]
    assert about["splits"][0] == {
        "split": "train",
        "pictures": 9,
        "queries": None,
        "gallery": None,
        "product": 3,
    }
    assert about["class_sizes"][2]["median"] == 3


@pytest.mark.parametrize(
    "options",
    [
        {"workers": 0},
        {"near_distance": 17},
        {"near_distance": -1},
        {"near_difference": -1},
        {"imbalance": 0.5},
    ],
)
def test_options_out_of_range_are_refused_by_name(options):
    with pytest.raises(ConfigError, match=f"inspector.{next(iter(options))} must"):
        Inspector(**options)


def test_samples_reach_from_the_largest_label_to_the_smallest(make_catalogue):
    catalogue = make_catalogue(train={"a": 9, "b": 5, "c": 3, "d": 2, "e": 1})
    samples = sample_rows(catalogue, catalogue.rows("train"), 3, 2)
    assert {label: len(rows) for label, rows in samples.items()} == {"a": 2, "c": 2, "e": 1}
    assert samples["a"].tolist() == [0, 8]


def test_shards_are_looked_into_and_no_note_is_made_of_the_tars(dataset, tmp_path):
    write_shards(dataset(SOUND), tmp_path / "shards", per_shard=4)
    inspection, found = inspected(Shards(str(tmp_path / "shards"), cache_dir=str(tmp_path / "cache")).read())
    assert inspection.usable
    assert list(found) == ["disjoint"]
