"""Cached pictures, local views and views made on the device, through the loaders."""

import os

import numpy as np
import pytest
import torch

from vsr.data.loading.datamodule import VisualSearchData
from vsr.data.loading.dataset import Batch, RawBatch, seeded
from vsr.data.loading.positives import AugmentPositives, LabelPositives, PairPositives
from vsr.data.pictures.on_device import DeviceViews
from vsr.data.pictures.transforms import PictureTransforms
from vsr.data.readers.folder import Folder
from vsr.data.samplers.balanced import BalancedBatches
from vsr.data.samplers.random import RandomBatches

TRANSFORMS = PictureTransforms(16, color=0.4, blur=0.3, local_size=8)


@pytest.fixture
def photos(write_pictures):
    return Folder(str(write_pictures(dict.fromkeys("abcdefgh", 4)))).read()


def data_of(catalogue, positives=None, sampler=None, transforms=TRANSFORMS, **options):
    positives, sampler = positives or LabelPositives(), sampler or BalancedBatches(4, 2)
    return VisualSearchData(catalogue, transforms, positives, sampler, eval_batch_size=8, **options)


def batches_of(data):
    return [data.on_after_batch_transfer(batch) for batch in data.train_dataloader()]


def content(batches):
    return [tuple(part.tolist() for part in batch if part is not None) for batch in batches]


def test_measuring_through_the_cache_gives_the_same_bits(photos, tmp_path):
    plain, cached = data_of(photos), data_of(photos, cache=True, cache_dir=str(tmp_path))
    for split in ("val", "test"):
        loaders = [getattr(data, f"{split}_dataloader")() for data in (plain, cached)]
        assert content(loaders[0]) == content(loaders[1])
    assert len(list(tmp_path.glob("pictures-*"))) == 1  # training has its own, and was not asked for


def test_training_reads_the_cache_and_no_file(photos, tmp_path):
    first = content(batches_of(data_of(photos, cache=True, cache_dir=str(tmp_path))))
    for image in photos.table["image"]:  # damaged, but looking as they did
        path = photos.root / image
        stat = path.stat()
        path.write_bytes(bytes(stat.st_size))
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert content(batches_of(data_of(photos, cache=True, cache_dir=str(tmp_path)))) == first


@pytest.mark.parametrize("augment_on_device", [False, True])
@pytest.mark.parametrize("cache", [False, True])
def test_workers_change_nothing_however_views_are_made(photos, tmp_path, cache, augment_on_device):
    options = {"cache": cache, "cache_dir": str(tmp_path), "augment_on_device": augment_on_device}
    options |= {"positives": AugmentPositives(local_views=1), "sampler": RandomBatches(8)}
    assert content(batches_of(data_of(photos, workers=2, **options))) == content(
        batches_of(data_of(photos, **options))
    )


@pytest.mark.parametrize("augment_on_device", [False, True])
def test_local_views_come_after_the_others_and_are_small(photos, augment_on_device):
    positives = AugmentPositives(views=2, local_views=3)
    data = data_of(photos, positives, RandomBatches(6), augment_on_device=augment_on_device)
    batch = batches_of(data)[0]
    assert batch.images.shape == (6, 2, 3, 16, 16)
    assert batch.local.shape == (6, 3, 3, 8, 8)
    assert batch.rows.shape == (6, 5)
    assert (batch.rows == batch.rows[:, :1]).all()


def test_the_device_is_sent_each_picture_once_however_many_views_it_makes(photos):
    data = data_of(photos, AugmentPositives(views=4), RandomBatches(6), augment_on_device=True)
    sent = next(iter(data.train_dataloader()))
    assert isinstance(sent, RawBatch)
    assert sent.pictures.shape == (6, 3, 19, 24)  # 1.15 × 16 on the short side
    assert sent.which.tolist() == [[number] * 4 for number in range(6)]


def test_pairs_are_made_on_the_device_from_their_own_pictures(photos, tmp_path):
    train = photos.table[photos.table["split"] == "train"]["item"].tolist()
    path = tmp_path / "pairs.csv"
    path.write_text(
        "query,positive\n" + "".join(f"{a},{b}\n" for a, b in zip(train[::2], train[1::2], strict=True))
    )
    plain = PictureTransforms(16, scale=(1, 1), ratio=(1.25, 1.25), flip=0)
    made = [
        batches_of(
            data_of(photos, PairPositives(str(path)), RandomBatches(4), plain, augment_on_device=where)
        )
        for where in (False, True)
    ]
    for worker, device in zip(*made, strict=True):
        assert worker.rows.equal(device.rows)
        # Noise is resampled twice on the way to the device, but a class's color stays.
        want, got = (batch.images.float().mean(dim=(3, 4)) for batch in (worker, device))
        torch.testing.assert_close(got, want, atol=1.5, rtol=0)


@pytest.mark.parametrize("on_device", [False, True])
def test_a_batch_of_corrupt_pictures_is_empty(photos, on_device):
    for image in photos.table["image"]:
        (photos.root / image).write_bytes(b"no picture")
    data = data_of(photos, on_corrupt="skip", augment_on_device=on_device)
    batch = batches_of(data)[0]
    assert isinstance(batch, Batch)
    assert len(batch.images) == 0
    assert len(batch.skipped) == 4


def test_two_views_of_a_picture_are_drawn_independently():
    transforms = PictureTransforms(16, scale=(0.2, 0.6), color=0.5, hue=0.2, gray=0.5, blur=0.5)
    picture, views = np.zeros((40, 50, 3), dtype=np.uint8), DeviceViews(transforms, 16)
    drawn = []
    for seed in range(1500):
        with seeded(seed):
            drawn.append([views.draw(picture), views.draw(picture)])
    pairs = torch.tensor(drawn).double()  # (seeds, 2, fields)
    varied = pairs.flatten(0, 1).std(dim=0) > 0
    first, second = (pairs[:, view, varied] for view in range(2))
    both = torch.corrcoef(torch.cat([first, second], dim=1).T)
    across = both[: first.shape[1], first.shape[1] :]
    # 144 coefficients of standard deviation 1 / sqrt(1500) = 0.026: 4.5 of them
    assert across.shape[0] >= 10
    assert across.abs().max() < 0.116


def test_stored_pictures_smaller_than_a_view_are_refused(photos):
    with pytest.raises(ValueError, match=r"stored_scale must be >= 1, got 0\.9"):
        data_of(photos, stored_scale=0.9)


def test_negative_numbers_of_local_views_are_refused():
    with pytest.raises(ValueError, match="local_views must be >= 0, got -1"):
        AugmentPositives(local_views=-1)
