import io
import itertools
import json
import os
import tarfile

import numpy as np
import pytest
import torch
from PIL import Image

from vsr.data.loading.datamodule import VisualSearchData
from vsr.data.loading.positives import LabelPositives
from vsr.data.pictures.decode import CataloguePictures, CorruptPictureError
from vsr.data.pictures.transforms import PictureTransforms
from vsr.data.readers.folder import Folder
from vsr.data.samplers.balanced import BalancedBatches
from vsr.data.samplers.random import RandomBatches
from vsr.data.shards import writer
from vsr.data.shards.__main__ import main
from vsr.data.shards.members import samples
from vsr.data.shards.patterns import expand
from vsr.data.shards.reader import Shards
from vsr.data.shards.windows import ShardWindows
from vsr.data.shards.writer import write_shards
from vsr.errors import ConfigError, DataError


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("VSR_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def photos(write_pictures):
    return Folder(str(write_pictures({f"kitchen/{name}": 5 for name in "abcdefgh"} | {"x/y": 3}))).read()


@pytest.fixture
def written(photos, tmp_path):
    write_shards(photos, tmp_path / "shards", per_shard=7)
    return tmp_path / "shards"


def jpeg(value=0, size=(6, 4)):
    file = io.BytesIO()
    Image.new("RGB", size, (value, 0, 0)).save(file, "JPEG")
    return file.getvalue()


def tar_of(path, files):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return path


def foreign(tmp_path, name="photos-000000.tar", labels=("0", "1")):
    """A shard as other tools write them: a .cls beside each picture."""
    files = {}
    for number in range(6):
        files |= {f"{number:06d}.jpg": jpeg(number * 40), f"{number:06d}.cls": labels[number % 2].encode()}
    return tar_of(tmp_path / "foreign" / name, files)


def test_a_catalogue_comes_back_from_its_shards(photos, written):
    again = Shards(str(written)).read()
    assert again.levels == photos.levels == ("product", "category")
    columns = ["item", "split", "role", *photos.levels]
    want = sorted(photos.table[columns].to_numpy().tolist())
    assert sorted(again.table[columns].to_numpy().tolist()) == want
    rows = {item: row for row, item in enumerate(photos.table["item"])}
    files, shards = CataloguePictures(photos), CataloguePictures(again)
    for row, item in enumerate(again.table["item"]):
        assert shards.file(row).read() == files.path(rows[item]).read_bytes()
        assert np.array_equal(np.asarray(shards(row)), np.asarray(files(rows[item])))
        assert shards.size(row) == files.size(rows[item])


def test_shards_can_be_written_from_shards(written, tmp_path):
    first = Shards(str(written)).read()
    write_shards(first, tmp_path / "again", per_shard=9)
    again = Shards(str(tmp_path / "again")).read()
    assert sorted(again.table["item"]) == sorted(first.table["item"])


def test_pictures_in_an_array_and_boxes_are_written_without_loss(make_catalogue, tmp_path):
    made = make_catalogue(train={"a": 3, "b": 2}, val={"c": 2}, test={"d": 2})
    boxes = np.where(np.arange(len(made)) % 2 == 0, np.nan, 2.0)
    made = type(made)(
        made.table.assign(x=boxes, y=boxes, w=2 * boxes, h=2 * boxes), made.levels, "m", pixels=made.pixels
    )
    write_shards(made, tmp_path / "s")
    again = Shards(str(tmp_path / "s")).read()
    pixels = {item: np.asarray(CataloguePictures(made)(row)) for row, item in enumerate(made.table["item"])}
    for row, item in enumerate(again.table["item"]):
        assert np.array_equal(np.asarray(CataloguePictures(again)(row)), pixels[item])


def test_shards_of_other_tools_are_read_by_their_cls(tmp_path):
    catalogue = Shards(str(foreign(tmp_path)), splits=(1, 0, 0)).read()
    assert catalogue.levels == ("cls",)
    assert catalogue.table["cls"].tolist() == ["0", "1"] * 3
    assert catalogue.table["item"].iloc[2] == "photos-000000.tar/000002"
    assert CataloguePictures(catalogue)(3).getpixel((0, 0))[0] == pytest.approx(120, abs=3)


def test_labels_are_taken_from_the_json_that_levels_name(tmp_path):
    files = {}
    for number in range(4):
        facts = {"sku": number % 2, "kind": "mug", "caption": "words", "width": 6}
        files |= {f"d.x/{number}.photo.JPG": jpeg(), f"d.x/{number}.json": json.dumps(facts).encode()}
    path = str(tar_of(tmp_path / "a.tar", files))
    catalogue = Shards(path, levels=["sku", "kind"], splits=(1, 0, 0)).read()
    assert catalogue.table[["sku", "kind"]].to_numpy().tolist() == [["0", "mug"], ["1", "mug"]] * 2
    with pytest.raises(DataError, match=r"'d.x/0' of .*has no \.cls; name its labels .* out of sku, kind"):
        Shards(path).read()
    with pytest.raises(DataError, match=r"'d.x/0' of .* has no skus; did you mean 'sku'"):
        Shards(path, levels=["skus"]).read()


def test_names_say_the_split_where_samples_do_not(tmp_path):
    for name in ("train-0.tar", "train-1.tar", "val-0.tar", "test-0.tar"):
        foreign(tmp_path, name)
    table = Shards(str(tmp_path / "foreign")).read().table
    assert table.groupby("split").size().to_dict() == {"train": 12, "val": 6, "test": 6}


def test_of_several_pictures_in_a_sample_one_must_be_chosen(tmp_path):
    files = {}
    for number in range(4):
        files |= {
            f"{number}.left.jpg": jpeg(50),
            f"{number}.right.jpg": jpeg(200),
            f"{number}.cls": b"ab"[number % 2 :],
        }
    path = str(tar_of(tmp_path / "a.tar", files))
    with pytest.raises(
        DataError, match=r"sample '0' of .* has 2 pictures \(left.jpg, right.jpg\); say which"
    ):
        Shards(path).read()
    catalogue = Shards(path, picture="right.jpg", splits=(1, 0, 0)).read()
    assert CataloguePictures(catalogue)(0).getpixel((0, 0))[0] == pytest.approx(200, abs=3)


@pytest.mark.parametrize("left", [0.5, 0.9, "end", 700])
def test_a_shard_that_was_cut_off_is_named_with_its_last_whole_file(tmp_path, left):
    path = foreign(tmp_path)
    size = path.stat().st_size
    with tarfile.open(path) as tar:
        last = tar.getmembers()[-1]
    ends = {"end": last.offset_data + 512}  # exactly between two files: only the end mark is missing
    ends |= {700: 700, 0.5: last.offset_data // 2, 0.9: int(0.9 * last.offset_data)}
    os.truncate(path, ends[left])
    assert path.stat().st_size < size
    with pytest.raises(
        DataError, match=r"photos-000000\.tar is .* after (its beginning|'00000\d\.(jpg|cls)')"
    ) as error:
        Shards(str(path)).read()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("damage", ["header", "gzip", "text", "empty"])
def test_what_is_no_whole_tar_is_named(tmp_path, damage):
    path = foreign(tmp_path)
    if damage == "header":
        with tarfile.open(path) as tar:
            offset = tar.getmembers()[3].offset
        with open(path, "r+b") as file:
            file.seek(offset)
            file.write(b"\xff" * 40)
    elif damage == "gzip":
        with tarfile.open(path, "w:gz"):
            pass
    else:
        path.write_bytes(b"words" * 300 if damage == "text" else b"")
    with pytest.raises(DataError, match=r"data\.shards: .*photos-000000\.tar is "):
        Shards(str(path)).read()


def test_a_shard_cut_off_after_it_was_listed_is_named_by_the_picture(photos, written):
    catalogue = Shards(str(written)).read()
    row = len(catalogue) - 1
    os.truncate(
        written / str(catalogue.table["image"].iloc[row]), int(catalogue.table["offset"].iloc[row]) + 9
    )
    with pytest.raises(
        CorruptPictureError, match=r"'[a-z]+-00000\d\.tar' at byte \d+ \(row 42\) cannot be read"
    ):
        CataloguePictures(catalogue)(row)


def test_shards_are_listed_once_until_they_change(written, monkeypatch, tmp_path):
    first = Shards(str(written)).read().table

    def first_only(path, picture):
        yield next(samples(path, picture))

    monkeypatch.setattr("vsr.data.shards.shard_table.samples", first_only)
    assert Shards(str(written)).read().table.equals(first)
    os.utime(next(iter(written.glob("train-*"))), ns=(1, 1))
    assert len(Shards(str(written)).read().table) < len(first)  # that shard was listed by the stub


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("a-{08..10}.tar", ["a-08.tar", "a-09.tar", "a-10.tar"]),
        ("{x,y}/{0..1}.tar", ["x/0.tar", "x/1.tar", "y/0.tar", "y/1.tar"]),
        ("plain.tar", ["plain.tar"]),
    ],
)
def test_braces_stand_for_several_names(pattern, names):
    assert list(expand(pattern)) == names


def test_a_missing_shard_is_named(tmp_path):
    path = foreign(tmp_path)
    with pytest.raises(DataError, match=r"no shard .*photos-000001\.tar; did you mean .*photos-000000"):
        Shards(str(path.parent / "photos-{000000..000001}.tar")).read()
    with pytest.raises(ConfigError, match=r"data\.shards must name"):
        Shards()


def data_of(catalogue, rank=0, world_size=1, **options):
    sampler = options.pop("sampler", None) or RandomBatches(3)
    data = VisualSearchData(catalogue, PictureTransforms(8), LabelPositives(), sampler, 4, **options)
    data._rank = lambda: (rank, world_size)
    return data


def seen(loader):
    return [batch.rows[:, 0].tolist() for batch in loader]


@pytest.mark.parametrize("at_once", [None, 2])
def test_two_ranks_of_two_workers_read_every_picture_once(make_catalogue, tmp_path, at_once):
    made = make_catalogue(train=dict.fromkeys("abcdef", 6), val={"y": 7}, test={"z": 5})
    write_shards(made, tmp_path / "s", per_shard=6)
    catalogue = Shards(str(tmp_path / "s")).read()
    ranks = [data_of(catalogue, rank, 2, workers=2, shards_at_once=at_once) for rank in range(2)]
    trained = [row for data in ranks for batch in seen(data.train_dataloader()) for row in batch]
    assert sorted(trained) == catalogue.rows("train").tolist()
    for split in ("val", "test"):
        rows = [
            row for data in ranks for batch in seen(getattr(data, f"{split}_dataloader")()) for row in batch
        ]
        assert sorted(rows) == catalogue.rows(split).tolist()


@pytest.mark.parametrize("at_once", [None, 2])
def test_a_resumed_epoch_gives_the_rest(written, at_once):
    catalogue = Shards(str(written)).read()
    options = {"workers": 2, "sampler": BalancedBatches(4, 2), "shards_at_once": at_once}
    loader = data_of(catalogue, **options).train_dataloader()
    loader.batch_sampler.set_epoch(3)
    whole = [(batch.rows.tolist(), batch.images.sum().item()) for batch in loader]
    assert len(whole) > 2
    resumed = data_of(catalogue, **options).train_dataloader()
    resumed.load_state_dict({"epoch": 3, "batches": 2})
    resumed.batch_sampler.set_epoch(3)
    assert [(batch.rows.tolist(), batch.images.sum().item()) for batch in resumed] == whole[2:]


def test_embedding_reads_the_same_pictures_as_from_files(photos, written):
    shards, files = Shards(str(written)).read(), photos
    content = []
    for catalogue in (files, shards):
        items = catalogue.table["item"]
        batches = list(data_of(catalogue).test_dataloader())
        rows = [row for batch in batches for row in batch.rows[:, 0].tolist()]
        views = torch.cat([batch.images for batch in batches])
        content.append({items[row]: view.tolist() for row, view in zip(rows, views, strict=True)})
    assert content[0] == content[1]


def test_windows_read_few_shards_at_a_time_and_each_example_once():
    shards = torch.arange(12).repeat_interleave(10)
    labels = torch.arange(120)[:, None] % 5
    windows = ShardWindows(BalancedBatches(10, 2), shards, at_once=3)
    epochs = [windows.batches(labels, torch.Generator().manual_seed(seed)) for seed in range(4)]
    assert len({len(epoch) for epoch in epochs}) == 1
    assert len({str(epoch) for epoch in epochs}) == 4
    for epoch in epochs:
        assert sorted(index for batch in epoch for index in batch) == list(range(120))
        touched = [frozenset(shards[batch].tolist()) for batch in epoch]
        opened = [touched[0]]
        for one in touched:  # batches of a window follow each other
            opened = [*opened[:-1], opened[-1] | one] if len(opened[-1] | one) <= 3 else [*opened, one]
        assert len(opened) == 4
        for batch in epoch:
            assert torch.bincount(labels[batch, 0]).tolist() == [2] * 5


def test_windows_need_a_shard():
    with pytest.raises(ValueError, match="shards_at_once must be >= 1"):
        ShardWindows(RandomBatches(2), torch.zeros(3, dtype=torch.int64), 0)


def test_writing_is_the_same_every_time_and_goes_on_where_it_stopped(photos, tmp_path, monkeypatch):
    paths = write_shards(photos, tmp_path / "a", per_shard=7)
    whole = [path.read_bytes() for path in paths]
    assert [path.name for path in paths][:2] == ["train-000000.tar", "train-000001.tar"]
    calls = []

    def dies(path, *arguments):
        calls.append(path)
        real(path, *arguments)
        if len(calls) == 3:
            raise KeyboardInterrupt

    real = writer._write
    monkeypatch.setattr(writer, "_write", dies)
    with pytest.raises(KeyboardInterrupt):
        write_shards(photos, tmp_path / "b", per_shard=7)
    assert len(list((tmp_path / "b").glob("*.tar"))) == 2  # the third was not whole
    paths = write_shards(photos, tmp_path / "b", per_shard=7)
    assert len(calls) == 3 + len(paths) - 2
    assert [path.read_bytes() for path in paths] == whole


def test_a_label_has_several_pictures_in_a_row_and_none_is_left_out(make_catalogue, tmp_path):
    made = make_catalogue(train=dict.fromkeys("abcdefgh", 7), val={"y": 2}, test={"z": 3})
    write_shards(made, tmp_path / "s", per_shard=1000, together=4)
    labels = Shards(str(tmp_path / "s")).read().table.query("split == 'train'")["product"].tolist()
    assert len(labels) == 56
    runs = sum(one != other for one, other in itertools.pairwise(labels)) + 1
    assert runs <= 16  # a group of four and one of three of each label


def test_a_folder_of_something_else_is_not_written_into(photos, written, tmp_path):
    with pytest.raises(DataError, match="holds shards of other pictures or settings"):
        write_shards(photos, written, per_shard=8)
    with pytest.raises(DataError, match="holds tar files of something else"):
        write_shards(photos, foreign(tmp_path).parent)
    with pytest.raises(ConfigError, match="per_shard must be >= 1, got 0"):
        write_shards(photos, tmp_path / "new", per_shard=0)


def test_the_command_writes_what_training_reads(photos, tmp_path, capsys):
    assert main(["--root", str(photos.root), "--out", str(tmp_path / "s"), "--per-shard", "20"]) == 0
    assert "43 pictures in" in capsys.readouterr().out
    assert len(Shards(str(tmp_path / "s")).read()) == 43
    assert main(["--root", str(tmp_path / "nothing"), "--out", str(tmp_path / "t")]) == 1
    assert capsys.readouterr().err.startswith("error: data.root: no folder")
    table = photos.table.assign(image=[*photos.table["image"][:-1], "gone.jpg"])
    table[["image", "product"]].to_csv(tmp_path / "m.csv", index=False)
    given = ["--root", str(photos.root), "--manifest", str(tmp_path / "m.csv"), "--out", str(tmp_path / "u")]
    assert main(given) == 1
    assert main([*given, "--on-missing", "skip"]) == 0
    assert "42 pictures in" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["json", "cls"])
@pytest.mark.parametrize("levels", [None, ["label"]])
def test_a_dot_within_a_name_is_told_to_end_it(tmp_path, text, levels):
    content = b'{"label": "a"}' if text == "json" else b"a"
    path = tar_of(tmp_path / "a.tar", {"0000 v2.0.png": jpeg(), f"0000 v2.0.{text}": content})
    with pytest.raises(
        DataError,
        match=r"a name ends at its first dot, so '0000 v2\.0\.png' is the file '0\.png' of sample '0000 v2'",
    ):
        Shards(str(path), levels=levels).read()


def test_two_pictures_that_a_dot_makes_one_sample_are_told_so(tmp_path):
    path = tar_of(tmp_path / "a.tar", {"v2.0.png": jpeg(), "v2.1.png": jpeg(), "v2.cls": b"a"})
    with pytest.raises(
        DataError, match=r"has 2 pictures .*; a name ends at its first dot, so 'v2\.0\.png' is"
    ):
        Shards(str(path)).read()


def test_a_name_in_a_shard_that_is_not_utf_8_is_shown(tmp_path):
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT, encoding="latin-1") as tar:
        entry = tarfile.TarInfo("ä/n\xe9.png")
        entry.size = len(jpeg())
        tar.addfile(entry, io.BytesIO(jpeg()))
    with pytest.raises(
        DataError, match=r"a name in .*a\.tar is not UTF-8, it is '\\xe4/n\\xe9\.png'; rename"
    ):
        Shards(str(path)).read()


def test_a_shard_whose_own_name_is_not_utf_8_is_shown(tmp_path):
    path = foreign(tmp_path)
    path.rename(os.fsdecode(os.fsencode(path.parent) + b"/n\xe9.tar"))
    with pytest.raises(
        DataError, match=r"data\.shards: a name in .* is not UTF-8, it is 'n\\xe9\.tar'; rename"
    ):
        Shards(str(path.parent)).read()


def test_half_a_character_in_the_labels_is_refused(tmp_path):
    path = tar_of(tmp_path / "a.tar", {"0.jpg": jpeg(), "0.json": b'{"label": "a\\udce9"}'})
    with pytest.raises(
        DataError, match=r"'0\.json' of .* cannot be read: it holds half a character: .*a\\xe9"
    ):
        Shards(str(path), levels=["label"]).read()


def test_the_same_name_with_and_without_a_dot_folder_is_one_sample(tmp_path):
    files = {}
    for number, folder in enumerate(["./p", "p", "q//", "q"]):
        files |= {f"{folder}/0.jpg": jpeg(), f"{folder}/0.cls": b"ab"[number % 2 :]}
    path = tar_of(tmp_path / "a.tar", files)
    with pytest.raises(DataError, match=r"sample 'p/0' of .* has 2 pictures"):
        Shards(str(path)).read()
