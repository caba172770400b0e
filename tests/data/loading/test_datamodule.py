"""The loaders in a real Trainer: the right epoch, also with workers and after a resume."""

import json
import subprocess
import sys

import lightning as L
import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

import vsr.data
from vsr.data.loading.datamodule import VisualSearchData
from vsr.data.loading.positives import AugmentPositives, LabelPositives
from vsr.data.pictures.decode import CorruptPictureError
from vsr.data.pictures.transforms import PictureTransforms
from vsr.data.readers.folder import Folder
from vsr.data.samplers.balanced import BalancedBatches
from vsr.data.samplers.category_balanced import CategoryBalancedBatches
from vsr.data.samplers.random import RandomBatches
from vsr.errors import ConfigError

COUNTS = {"train": dict.fromkeys("abcdefgh", 6), "val": {"x": 3, "y": 4}, "test": {"u": 5, "v": 2}}
TRANSFORMS = PictureTransforms(8, color=0.4)


@pytest.fixture
def make_data(make_catalogue):
    catalogue = make_catalogue(**COUNTS)

    def make(positives=None, sampler=None, **options):
        positives, sampler = positives or LabelPositives(), sampler or BalancedBatches(8, 2)
        return VisualSearchData(catalogue, TRANSFORMS, positives, sampler, **options)

    return make


def test_batches_that_cannot_be_are_refused_before_training_and_warned_of_once(make_data, caplog):
    with pytest.raises(ConfigError, match=r"sampler\.level=5 needs labels of 6 levels"):
        make_data(sampler=CategoryBalancedBatches(8, 2, level=5)).check()
    data = make_data(sampler=BalancedBatches(4000, 2))
    data.check()
    data.train_dataloader()
    assert caplog.text.count("no batch holds more than") == 1


class Recorder(L.LightningModule):
    """Learns one number and notes what it is shown."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.seen = {}

    def training_step(self, batch, batch_idx):
        key = (self.current_epoch, batch_idx)
        self.seen[key] = (batch.rows.tolist(), batch.images.sum().item())
        return self.weight * batch.images.float().mean()

    def validation_step(self, batch, batch_idx):
        pass

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def fit(data, tmp_path, epochs=3, resume=None, callbacks=(), **options):
    module = Recorder()
    trainer = L.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        devices=1,
        logger=False,
        enable_checkpointing=bool(callbacks),
        callbacks=list(callbacks),
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
        default_root_dir=tmp_path,
        **options,
    )
    trainer.fit(module, datamodule=data, ckpt_path=resume, weights_only=True)
    return module.seen


def by_hand(data, epochs=3):
    """What training must see, without Lightning."""
    loader = data.train_dataloader()
    seen = {}
    for epoch in range(epochs):
        loader.batch_sampler.set_epoch(epoch)
        for step, batch in enumerate(loader):
            seen[epoch, step] = (batch.rows.tolist(), batch.images.sum().item())
    return seen


@pytest.mark.parametrize("workers", [0, 2])
def test_lightning_trains_on_a_new_epoch_each_time(make_data, tmp_path, workers):
    expected = by_hand(make_data())
    assert len({str(value) for value in expected.values()}) == 3 * 6
    assert fit(make_data(workers=workers), tmp_path) == expected


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("when", ["epoch end", "train epoch end", "within an epoch", "half-way validation"])
def test_a_resumed_run_sees_what_was_left(make_data, tmp_path, workers, when):
    whole = by_hand(make_data())
    saving = {
        "epoch end": {"every_n_epochs": 1},
        "train epoch end": {"every_n_epochs": 1, "save_on_train_epoch_end": True},
        "within an epoch": {"every_n_train_steps": 4},
        "half-way validation": {"save_on_train_epoch_end": False},
    }[when]
    options = {"val_check_interval": 0.5} if when == "half-way validation" else {}
    checkpoints = ModelCheckpoint(tmp_path, save_top_k=-1, filename="{step:03d}", **saving)
    fit(make_data(workers=workers), tmp_path, 3, callbacks=[checkpoints], **options)
    paths = sorted(tmp_path.glob("*.ckpt"))
    assert len(paths) >= 3
    for path in paths[1:2] if workers else paths:
        step = int(path.stem.partition("=")[2])
        left = dict(list(whole.items())[step:])
        assert fit(make_data(workers=workers), tmp_path, 3, str(path), **options) == left, path.stem


def test_workers_change_nothing(make_data):
    assert by_hand(make_data(workers=2), 2) == by_hand(make_data(), 2)
    augmented = {"positives": AugmentPositives(), "sampler": RandomBatches(5)}
    assert by_hand(make_data(**augmented, workers=2), 1) == by_hand(make_data(**augmented), 1)


def test_another_seed_trains_on_other_batches(make_data):
    assert by_hand(make_data(seed=1), 1) != by_hand(make_data(), 1)


@pytest.mark.parametrize("split", ["val", "test"])
def test_every_picture_of_a_split_is_measured_once(make_data, split):
    data = make_data(eval_batch_size=4)
    loader = getattr(data, f"{split}_dataloader")()
    batches = list(loader)
    assert len(batches) == len(loader) == 2
    rows = torch.cat([batch.rows[:, 0] for batch in batches])
    assert rows.tolist() == data.catalogue.rows(split).tolist()
    assert torch.cat([batch.labels for batch in batches]).tolist() == data.catalogue.codes[rows].tolist()


@pytest.mark.parametrize("world_size", [2, 3, 5])
def test_ranks_measure_disjoint_parts_without_padding(make_data, world_size):
    data = make_data(eval_batch_size=2)
    parts = []
    for rank in range(world_size):
        data._rank = lambda rank=rank: (rank, world_size)
        parts.append([row for batch in data.val_dataloader() for row in batch.rows[:, 0].tolist()])
    assert sorted(row for part in parts for row in part) == data.catalogue.rows("val").tolist()


def test_any_rows_can_be_loaded_in_their_order(make_data):
    batch = next(iter(make_data().loader([5, 2, 50])))
    assert batch.rows[:, 0].tolist() == [5, 2, 50]


@pytest.mark.parametrize("workers", [0, 1])
def test_loading_leaves_the_global_generator_alone(make_data, workers):
    data = make_data(workers=workers)
    state = torch.get_rng_state()
    for loader in (data.val_dataloader(), data.test_dataloader(), data.train_dataloader()):
        list(loader)
    assert torch.equal(torch.get_rng_state(), state)


def test_measuring_needs_no_training_examples(make_catalogue):
    catalogue = make_catalogue(test={"a": 2, "b": 2})
    data = VisualSearchData(catalogue, TRANSFORMS, LabelPositives(), BalancedBatches(8, 2))
    assert len(list(data.test_dataloader())) == 1


@pytest.fixture
def spoiled(write_pictures):
    """A catalogue of files, and the row of the one that is no picture."""
    catalogue = Folder(str(write_pictures(dict.fromkeys("abcdef", 4)))).read()
    row = int(catalogue.rows("train")[0])
    (catalogue.root / catalogue.table["image"].iloc[row]).write_bytes(b"no picture")
    return catalogue, row


@pytest.mark.parametrize("workers", [0, 2])
def test_a_corrupt_picture_stops_in_one_line_also_from_a_worker(spoiled, workers):
    catalogue, row = spoiled
    parts = (catalogue, TRANSFORMS, LabelPositives(), BalancedBatches(4, 2))
    loader = VisualSearchData(*parts, workers=workers).train_dataloader()
    with pytest.raises(CorruptPictureError, match=rf"\(row {row}\) cannot be read") as error:
        list(loader)
    if workers:  # a trainer's teardown does this; left to the garbage collector it takes seconds
        loader._iterator._shutdown_workers()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_corrupt_picture_can_be_skipped_also_in_a_worker(spoiled, workers):
    catalogue, row = spoiled
    parts = (catalogue, TRANSFORMS, LabelPositives(), BalancedBatches(4, 2))
    loader = VisualSearchData(*parts, workers=workers, on_corrupt="skip").train_dataloader()
    assert [skipped for batch in loader for skipped in batch.skipped.tolist()] == [row]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"eval_batch_size": 0}, "eval_batch_size must be >= 1, got 0"),
        ({"workers": -1}, "workers must be >= 0, got -1"),
        ({"on_corrupt": "halt"}, "on_corrupt must be stop or skip, got halt"),
    ],
)
def test_a_value_outside_its_range_is_refused(make_data, options, message):
    with pytest.raises(ValueError, match=message):
        make_data(**options)


def test_more_devices_than_batches_are_refused(make_data):
    data = make_data(sampler=RandomBatches(48))
    data._rank = lambda: (0, 2)
    with pytest.raises(ConfigError, match="1 batches for 2 devices"):
        data.train_dataloader()


class Diary(Recorder):
    """Writes down what this process was shown."""

    def __init__(self, folder):
        super().__init__()
        self.folder = folder
        self.measured = []

    def validation_step(self, batch, batch_idx):
        self.measured += batch.rows[:, 0].tolist()

    def on_train_end(self):
        seen = [[list(key), *value] for key, value in self.seen.items()]
        page = {"seen": seen, "measured": self.measured}
        (self.folder / f"{self.global_rank}.json").write_text(json.dumps(page))


@pytest.mark.slow
def test_two_processes_share_an_epoch_and_the_measuring(make_data, tmp_path):
    data = make_data(sampler=BalancedBatches(16, 2))
    expected = by_hand(data, 2)
    trainer = L.Trainer(
        max_epochs=2,
        accelerator="cpu",
        devices=2,
        strategy="ddp_fork",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
        num_sanity_val_steps=0,
        default_root_dir=tmp_path,
    )
    trainer.fit(Diary(tmp_path), datamodule=data)
    pages = [json.loads((tmp_path / f"{rank}.json").read_text()) for rank in range(2)]
    dealt = {
        (epoch, 2 * step + rank): (rows, total)
        for rank, page in enumerate(pages)
        for (epoch, step), rows, total in page["seen"]
    }
    assert dealt == {key: value for key, value in expected.items() if key in dealt}
    assert len(dealt) == 4
    measured = sorted(pages[0]["measured"] + pages[1]["measured"])
    assert measured == sorted([*data.catalogue.rows("val").tolist()] * 2)  # once an epoch


def test_reading_catalogues_does_not_import_lightning():
    code = "import sys; from vsr.data import Catalogue, Folder; assert 'lightning' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert vsr.data.VisualSearchData is VisualSearchData
