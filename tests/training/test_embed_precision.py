"""Embeddings by one function, within Lightning's evaluation and without it, to the last bit."""

import copy

import lightning as L
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from vsr.data.loading.dataset import Batch
from vsr.errors import ConfigError, DivergedError
from vsr.precision import PRECISIONS, named_precision, precision_of
from vsr.retrieval.embed import embed
from vsr.training.module import VisualSearchModule

NONE = torch.zeros(0, dtype=torch.int64)


class Network(nn.Module):
    """Convolution, BatchNorm, dropout and a product: each rounds by precision, batch or mode."""

    width = 5

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten())
        self.head = nn.Sequential(nn.Dropout(0.5), nn.Linear(8 * 36, self.width))
        self.register_buffer("scale", torch.tensor(1 / 3))

    def forward(self, images):
        at = torch.full((1,), 1 / 7, device=images.device)  # in the type that is the default
        return self.head(self.body(images.to(self.scale.dtype) * self.scale)) * at


def batches(skip=False):
    generator = torch.Generator().manual_seed(1)
    for start in (0, 4, 8):
        images = torch.randint(0, 256, (4, 1, 3, 8, 8), dtype=torch.uint8, generator=generator)
        rows = torch.arange(start, start + 4)[:, None]
        if skip and start == 4:
            yield Batch(images[:0, :, :, :0, :0], rows[:0], rows[:0], rows[:, 0])
        else:
            yield Batch(images, rows, rows, NONE)


class Collects(L.Callback):
    def __init__(self):
        self.seen = []

    def on_validation_batch_end(self, trainer, pl_module, outputs, batch, batch_idx, dataloader_idx=0):
        self.seen.append(outputs)


def by_lightning(precision, parts):
    collects = Collects()
    quiet = {"logger": False, "enable_progress_bar": False, "enable_checkpointing": False}
    trainer = L.Trainer(accelerator="cpu", devices=1, precision=precision, callbacks=[collects], **quiet)
    loader = DataLoader(parts, batch_size=None, collate_fn=lambda batch: batch)
    trainer.validate(VisualSearchModule(Network(), nn.Identity()), loader, verbose=False)
    return torch.cat(collects.seen)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_it_gives_what_lightnings_evaluation_gives_to_the_last_bit(precision):
    parts = list(batches())
    found = embed(Network().train(), parts, "cpu", precision)
    assert found.embeddings.dtype == torch.float32
    assert torch.equal(found.embeddings, by_lightning(precision, parts))
    assert found.rows.tolist() == list(range(12))
    full = embed(Network(), parts, "cpu").embeddings
    assert (precision == "32-true") == torch.equal(found.embeddings, full)
    torch.testing.assert_close(found.embeddings, full, rtol=0.05, atol=0.5)


def test_full_precision_is_the_network_itself_and_leaves_no_trace():
    network, state = Network(), torch.get_rng_state()
    by_hand = torch.cat([copy.deepcopy(network).eval()(batch.images[:, 0]) for batch in batches()])
    found = embed(network, batches(), "cpu")
    assert torch.equal(found.embeddings, by_hand.detach())
    assert not found.embeddings.requires_grad
    assert torch.equal(torch.get_rng_state(), state)
    embed(Network(), batches(), "cpu", "bf16-true")
    assert torch.get_default_dtype() == torch.float32


def test_a_batch_whose_pictures_were_all_skipped_is_told_and_left_out():
    found = embed(Network(), batches(skip=True), "cpu")
    assert found.rows.tolist() == [0, 1, 2, 3, 8, 9, 10, 11]
    assert found.skipped.tolist() == [4, 5, 6, 7]
    assert by_lightning("32-true", list(batches(skip=True))).shape == (8, 5)


def test_no_batch_gives_no_embedding():
    found = embed(Network(), [], "cpu")
    assert (found.embeddings.shape, found.rows.tolist()) == ((0, 0), [])


def test_an_embedding_that_is_not_finite_names_its_rows():
    network = Network()
    network.head[1].bias.data[0] = torch.nan
    with pytest.raises(DivergedError, match=r"embeddings of rows 0, 1, 2, 3 are not finite; lower"):
        embed(network, batches(), "cpu")


def test_precision_is_as_trained_unless_another_is_asked_for():
    trained = {"trainer": {"precision": "bf16"}}
    assert precision_of(trained, "as_trained", "precision") == "bf16-mixed"
    assert precision_of(trained, "32-true", "precision") == "32-true"
    assert precision_of({}, "as_trained", "precision") == "32-true"  # of checkpoints that say nothing
    assert [named_precision(one) for one in (16, "32", 64, None)] == [
        "16-mixed",
        "32-true",
        "64-true",
        "32-true",
    ]
    with pytest.raises(ConfigError, match=r"precision: there is no 'fp16'; "):
        precision_of(trained, "fp16", "precision")
