import functools
from types import SimpleNamespace

import lightning as L
import pytest
import torch
from torch import nn

from vsr.data.loading.dataset import Batch
from vsr.errors import DivergedError
from vsr.losses.contrastive import Contrastive
from vsr.losses.infonce import InfoNCE
from vsr.losses.multi_similarity import MultiSimilarity
from vsr.losses.triplet import SemiHardTriplet
from vsr.training.checkpoints import LastCheckpoint
from vsr.training.module import VisualSearchModule, _mix


class Flat(nn.Module):
    """Embeds a picture as its pixels."""

    def forward(self, images):
        return images.float().flatten(1)


def batch(images, labels):
    """``labels``: a number or a list of levels for each example."""
    rows = torch.arange(len(labels))[:, None].expand(-1, images.shape[1])
    labels = torch.tensor(labels, dtype=torch.long).reshape(len(labels), -1 if labels else 1)
    return Batch(images, labels, rows, torch.zeros(0, dtype=torch.long))


def test_views_are_flattened_and_labels_repeated():
    seen = {}

    class Spy(nn.Module):
        def forward(self, embeddings, labels):
            seen.update(embeddings=embeddings, labels=labels)
            return embeddings.sum()

    module = VisualSearchModule(Flat(), Spy())
    module.log = lambda *args, **kwargs: None
    images = torch.arange(2 * 2 * 3).reshape(2, 2, 3, 1, 1).to(torch.uint8)
    module.training_step(batch(images, [7, 9]), 0)
    assert seen["labels"].tolist() == [7, 7, 9, 9]
    assert seen["embeddings"].tolist() == images.reshape(4, 3).tolist()


class Mean(nn.Module):
    """Embeds a picture of any size as its mean color."""

    def forward(self, images):
        return images.float().mean(dim=(2, 3))


@pytest.mark.parametrize("with_keys", [False, True])
def test_local_views_follow_the_others_of_their_example(with_keys):
    seen = {}

    class Spy(nn.Module):
        def forward(self, embeddings, labels):
            seen.update(embeddings=embeddings, labels=labels)
            return embeddings.sum()

    class Remembers(nn.Module):
        """Asks once for its keys, as a momentum encoder moves every time."""

        calls = 0

        def keys(self, model, images, embed):
            self.calls += 1
            return embed(model, images)

        def forward(self, loss, batch):
            assert batch.keys.equal(batch.embeddings)
            return loss(batch.embeddings, batch.labels[:, 0])

    module = VisualSearchModule(Mean(), Spy())
    module.memory = Remembers() if with_keys else None
    module.log = lambda *args, **kwargs: None
    images = torch.tensor([[10, 11], [20, 21]], dtype=torch.uint8)[..., None, None, None].expand(
        2, 2, 3, 8, 8
    )
    local = torch.tensor([[12, 13, 14], [22, 23, 24]], dtype=torch.uint8)
    local = local[..., None, None, None].expand(2, 3, 3, 4, 4)
    rows = torch.tensor([[5] * 5, [6] * 5])
    given = Batch(images, torch.tensor([[7], [9]]), rows, torch.zeros(0, dtype=torch.long), local)
    module.training_step(given, 0)
    assert seen["embeddings"][:, 0].tolist() == [10, 11, 12, 13, 14, 20, 21, 22, 23, 24]
    assert seen["labels"].tolist() == [7] * 5 + [9] * 5
    if with_keys:
        assert module.memory.calls == 1


@pytest.mark.parametrize(("graded", "shape"), [(False, (4,)), (True, (4, 2))])
def test_a_graded_loss_gets_the_labels_of_all_levels_and_another_the_finest(graded, shape):
    seen = {}

    class Spy(nn.Module):
        def forward(self, embeddings, labels):
            seen.update(labels=labels)
            return embeddings.sum()

    spy = Spy()
    spy.graded = graded
    module = VisualSearchModule(Flat(), spy)
    module.log = lambda *args, **kwargs: None
    images = torch.zeros(2, 2, 3, 1, 1, dtype=torch.uint8)
    module.training_step(batch(images, [[7, 1], [9, 1]]), 0)
    assert seen["labels"].shape == shape
    assert seen["labels"].reshape(4, -1)[:, 0].tolist() == [7, 7, 9, 9]


def test_a_batch_whose_pictures_were_all_skipped_takes_no_step():
    module = VisualSearchModule(Flat(), nn.Identity())
    assert module.training_step(batch(torch.zeros(0, 1, 3, 2, 2, dtype=torch.uint8), []), 0) is None


def test_an_infinite_loss_names_step_batch_and_rows():
    class Infinite(nn.Module):
        def forward(self, embeddings, labels):
            return embeddings.sum() * float("inf")

    module = VisualSearchModule(Flat(), Infinite())
    with pytest.raises(DivergedError, match=r"loss is inf at step 0 \(epoch 0, batch 3, rows 0, 1\)"):
        module.training_step(batch(torch.ones(2, 1, 3, 2, 2, dtype=torch.uint8), [0, 1]), 3)


@pytest.mark.parametrize("steps", [0, 3])
def test_divergence_names_a_checkpoint_where_one_was_written(tiny_model, tmp_path, steps):
    class Breaking(nn.Module):
        calls = 0

        def forward(self, embeddings, labels):
            self.calls += 1
            return embeddings.sum() * (float("inf") if self.calls > steps else 1.0)

    data = L.LightningDataModule()
    data.catalogue = SimpleNamespace(fingerprint="f00d")
    one = batch(torch.ones(2, 1, 3, 8, 8, dtype=torch.uint8), [0, 1])
    data.train_dataloader = lambda: torch.utils.data.DataLoader([one] * 3, batch_size=None)
    module = VisualSearchModule(tiny_model(), Breaking(), functools.partial(torch.optim.SGD, lr=0.1))
    trainer = L.Trainer(
        default_root_dir=tmp_path,
        max_epochs=2,
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[LastCheckpoint()],
    )
    with pytest.raises(DivergedError) as raised:
        trainer.fit(module, datamodule=data)
    path = tmp_path / "checkpoints/last.ckpt"
    assert path.is_file() == bool(steps)
    assert str(raised.value).endswith(f"; {path} is kept") == bool(steps)
    assert ("kept" in str(raised.value)) == bool(steps)


@pytest.mark.parametrize("loss", [MultiSimilarity(), SemiHardTriplet(), Contrastive(), InfoNCE()])
def test_an_embedding_that_is_not_finite_stops_training_though_the_loss_may_be(loss):
    class Broken(nn.Module):
        def forward(self, images):
            embeddings = torch.eye(8)[: len(images)]
            embeddings[1] = torch.nan
            return embeddings

    module = VisualSearchModule(Broken(), loss)
    images = torch.ones(4, 1, 3, 2, 2, dtype=torch.uint8)
    with pytest.raises(DivergedError, match=r"embeddings of rows 1 are not finite at step 0 .*batch 3; loss"):
        module.training_step(batch(images, [0, 0, 1, 1]), 3)


def test_an_embedding_that_is_not_finite_names_its_row():
    class Broken(nn.Module):
        def forward(self, images):
            return torch.tensor([[1.0], [float("nan")]])

    module = VisualSearchModule(Broken(), nn.Identity())
    with pytest.raises(DivergedError, match="embeddings of rows 1 are not finite"):
        module.validation_step(batch(torch.ones(2, 1, 3, 2, 2, dtype=torch.uint8), [0, 1]), 0)


def test_seeds_of_neighboring_steps_have_nothing_in_common():
    seeds = {_mix(seed, epoch, step, 0) for seed in range(5) for epoch in range(5) for step in range(5)}
    assert len(seeds) == 125
    assert all(0 <= seed < 2**63 for seed in seeds)
