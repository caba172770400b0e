import numpy as np
import pytest
import torch
from PIL import Image

from vsr.data.catalogue.catalogue import Catalogue
from vsr.data.loading.dataset import PictureDataset, collate, seeded
from vsr.data.pictures.decode import CorruptPictureError
from vsr.data.pictures.transforms import PictureTransforms
from vsr.data.readers.folder import Folder

TRANSFORMS = PictureTransforms(16, color=0.4)


@pytest.fixture
def photos(write_pictures) -> Catalogue:
    return Folder(str(write_pictures(dict.fromkeys("abcdef", 3)))).read()


def dataset(catalogue, rows, transform=TRANSFORMS.train, **options):
    rows = torch.tensor(rows)
    return PictureDataset(catalogue, rows, torch.arange(len(rows)) * 10, transform, **options)


def spoil(catalogue, row):
    (catalogue.root / catalogue.table["image"].iloc[row]).write_bytes(b"no picture")


def test_a_sample_is_every_view_of_an_example(photos):
    sample = dataset(photos, [[0, 5], [1, 1]])[0, 7]
    assert sample.images.shape == (2, 3, 16, 16)
    assert sample.images.dtype == torch.uint8
    assert (sample.label.item(), sample.rows.tolist(), sample.skipped) == (0, [0, 5], [])


def test_the_seed_alone_decides_the_view(photos):
    data = dataset(photos, [[0]])
    one = data[0, 3].images
    torch.rand(10)
    assert torch.equal(data[0, 3].images, one)
    assert not torch.equal(data[0, 4].images, one)


def test_two_views_of_one_picture_differ(photos):
    views = dataset(photos, [[2, 2]])[0, 1].images
    assert not torch.equal(views[0], views[1])


def test_sampling_leaves_the_global_generator_alone(photos):
    state = torch.get_rng_state()
    data = dataset(photos, [[0, 0]])
    data[0, 3]
    with pytest.raises(IndexError):
        data[9, 3]
    assert torch.equal(torch.get_rng_state(), state)


def test_without_a_seed_the_deterministic_view_comes(photos):
    data = dataset(photos, [[4]], TRANSFORMS.evaluate)
    with Image.open(photos.root / photos.table["image"].iloc[4]) as picture:
        expected = TRANSFORMS.evaluate(picture.convert("RGB"))
    assert torch.equal(data[0].images[0], expected)


def test_a_batch_joins_samples(photos):
    data = dataset(photos, [[0, 1], [2, 3], [4, 5]])
    batch = collate([data[index, index] for index in range(3)])
    assert batch.images.shape == (3, 2, 3, 16, 16)
    assert batch.labels.tolist() == [0, 10, 20]
    assert batch.rows.tolist() == [[0, 1], [2, 3], [4, 5]]
    assert batch.skipped.tolist() == []


def test_a_corrupt_picture_stops_by_default(photos):
    spoil(photos, 3)
    with pytest.raises(CorruptPictureError, match=r"\(row 3\)"):
        dataset(photos, [[2, 3]])[0, 0]


def test_a_corrupt_picture_can_be_skipped_and_is_reported(photos):
    spoil(photos, 3)
    data = dataset(photos, [[2, 3], [4, 5]], on_corrupt="skip")
    batch = collate([data[0, 0], data[1, 0]])
    assert batch.rows.tolist() == [[4, 5]]
    assert batch.labels.tolist() == [10]
    assert batch.skipped.tolist() == [3]


def test_a_batch_of_corrupt_pictures_is_empty(photos):
    spoil(photos, 0)
    batch = collate([dataset(photos, [[0]], on_corrupt="skip")[0, 0]])
    assert batch.images.shape[:3] == (0, 1, 3)
    assert batch.images.dtype == torch.uint8
    assert (batch.labels.shape, batch.rows.shape) == ((0,), (0, 1))
    assert batch.skipped.tolist() == [0]


def test_an_unknown_way_with_corrupt_pictures_is_refused(photos):
    with pytest.raises(ValueError, match="on_corrupt must be stop or skip, got ignore"):
        dataset(photos, [[0]], on_corrupt="ignore")


def test_pictures_in_memory_work_alike(make_catalogue):
    catalogue = make_catalogue(test={"a": 2})
    images = dataset(catalogue, [[1]], PictureTransforms(10).evaluate)[0].images
    np.testing.assert_array_equal(images[0].permute(1, 2, 0).numpy(), catalogue.pixels[1][:, 1:11])


def test_seeding_is_undone_when_the_inside_fails():
    state = torch.get_rng_state()
    with pytest.raises(ValueError, match="negative"), seeded(3):
        [torch.rand(3), np.random.default_rng(-1)]
    assert torch.equal(torch.get_rng_state(), state)
