import inspect

import pytest
import torch
from torch import nn

import vsr.losses
from vsr.errors import ConfigError
from vsr.losses.combined import Combined
from vsr.losses.infonce import InfoNCE
from vsr.losses.pairs import PairLoss
from vsr.losses.proxy_anchor import ProxyAnchor
from vsr.losses.triplet import BatchHardTriplet
from vsr.losses.two_tower import CLIP
from vsr.training.embedded_batch import Embedded
from vsr.training.memory import XBM, MoCo, Queue
from vsr.training.module import VisualSearchModule

PAIR_LOSSES = sorted(
    (
        one
        for name in dir(vsr.losses)
        if inspect.isclass(one := getattr(vsr.losses, name)) and issubclass(one, nn.Module)
    ),
    key=lambda one: one.__name__,
)
PAIR_LOSSES = [one for one in PAIR_LOSSES if issubclass(one, PairLoss) and one is not PairLoss]


class Width(nn.Module):
    width = 4


def batch(rows, seed=0, keys=False):
    """Pictures of ``rows``; row r has label r // 2 and category r // 4."""
    rows = torch.tensor(rows)
    generator = torch.Generator().manual_seed(seed)
    embeddings = torch.randn(len(rows), 4, generator=generator, dtype=torch.float64, requires_grad=True)
    labels = torch.stack([rows // 2, rows // 4], dim=1)
    own = torch.randn(len(rows), 4, generator=generator, dtype=torch.float64) if keys else None
    return Embedded(embeddings, labels, rows, own)


def memory_of(kind, *args, **options):
    memory = kind(*args, **options)
    memory.set_up(Width(), 2)
    return memory.double()


def test_the_newest_pictures_replace_the_oldest():
    queue = Queue(4, 1, 1)
    for rows in ([0, 1, 2], [3, 4], [5]):
        rows = torch.tensor(rows)
        queue.add(rows[:, None].float(), 10 * rows[:, None], rows)
    embeddings, labels = queue.without(torch.tensor([]))
    assert sorted(embeddings.flatten().tolist()) == [2, 3, 4, 5]
    assert torch.equal(labels.float(), 10 * embeddings)


def test_more_pictures_than_the_queue_is_long_leave_the_last_of_them():
    queue = Queue(3, 1, 1)
    rows = torch.arange(8)
    queue.add(rows[:, None].float(), rows[:, None], rows)
    assert sorted(queue.without(torch.tensor([]))[1].flatten().tolist()) == [5, 6, 7]


def test_a_picture_stands_in_the_queue_once_by_its_newest_embedding():
    queue = Queue(8, 1, 1)
    for value in (1.0, 2.0):
        rows = torch.tensor([7, 8 + int(value)])
        queue.add(torch.full((2, 1), value), rows[:, None], rows)
    embeddings, labels = queue.without(torch.tensor([]))
    assert sorted(zip(labels.flatten().tolist(), embeddings.flatten().tolist(), strict=True)) == [
        (7, 2.0),
        (9, 1.0),
        (10, 2.0),
    ]


def test_both_views_of_a_picture_are_kept():
    queue = Queue(8, 1, 1)
    rows = torch.tensor([3, 3])
    queue.add(torch.tensor([[1.0], [2.0]]), rows[:, None], rows)
    assert len(queue.without(torch.tensor([]))[0]) == 2
    assert len(queue.without(torch.tensor([3]))[0]) == 0


def test_xbm_is_the_loss_over_batch_and_earlier_pictures():
    loss, memory = InfoNCE(0.1), memory_of(XBM, 16)
    first, second = batch([0, 1, 2, 3], 0), batch([0, 4, 5, 6], 1)
    memory(loss, first)
    got = memory(loss, second)
    earlier = first.embeddings[1:]  # row 0 is in the batch itself
    columns = torch.cat([second.embeddings, earlier])
    everything = torch.cat([second.labels, first.labels[1:]])[:, 0]
    want = loss(second.embeddings, second.labels[:, 0], columns, everything, torch.arange(4))
    torch.testing.assert_close(got, want)


def test_xbm_against_the_plain_formula():
    memory, t = memory_of(XBM, 16), 0.1
    first, second = batch([0, 1, 2, 3], 0), batch([0, 4, 5, 6], 1)
    memory(InfoNCE(t), first)
    got = memory(InfoNCE(t), second)
    unit = [e / e.norm() for e in (*second.embeddings, *first.embeddings[1:])]
    labels = [*second.labels[:, 0].tolist(), *first.labels[1:, 0].tolist()]
    terms = []
    for i in range(4):
        others = [j for j in range(len(unit)) if j != i]
        total = sum(torch.exp(unit[i] @ unit[j] / t) for j in others)
        positives = [j for j in others if labels[j] == labels[i]]
        if positives:
            terms.append(
                -sum(torch.log(torch.exp(unit[i] @ unit[j] / t) / total) for j in positives) / len(positives)
            )
    torch.testing.assert_close(got, sum(terms) / len(terms))


def test_the_memory_gets_no_gradient_and_the_batch_keeps_both_sides_of_its_own():
    memory = memory_of(XBM, 16)
    first, second = batch([0, 1, 2, 3], 0), batch([4, 5, 6, 7], 1)
    memory(InfoNCE(), first)
    memory(InfoNCE(), second).backward()
    assert first.embeddings.grad is None
    assert second.embeddings.grad.abs().sum() > 0


def test_with_an_empty_memory_the_loss_is_the_plain_one():
    one = batch([0, 1, 2, 3])
    plain = InfoNCE()(one.embeddings, one.labels[:, 0])
    torch.testing.assert_close(memory_of(XBM, 16)(InfoNCE(), one), plain)


def test_nothing_is_remembered_before_start():
    memory = memory_of(XBM, 16, start=2)
    for step, held in enumerate([0, 0, 4, 8]):
        one = batch(list(range(4 * step, 4 * step + 4)), step)
        plain = InfoNCE()(one.embeddings, one.labels[:, 0])
        got = memory(InfoNCE(), one)
        assert torch.equal(got, plain) == (step < 2) or step == 2
        assert (memory.queue.rows >= 0).sum() == held


@pytest.mark.parametrize(("start", "warned"), [(6, True), (5, False)])
def test_a_memory_that_the_run_is_too_short_for_is_warned_of(tiny_fit, caplog, start, warned):
    tiny_fit(epochs=1, memory=XBM(8, start))
    assert ("nothing is ever remembered, as the run has 6 batches" in caplog.text) == warned


@pytest.mark.parametrize("kind", [XBM, MoCo])
@pytest.mark.parametrize("one", PAIR_LOSSES, ids=lambda one: one.__name__)
def test_every_pair_loss_takes_a_memory(kind, one):
    memory = memory_of(kind, 16)
    for step in range(3):
        got = batch([0, 1, 2, 3, 4 + 4 * step, 5 + 4 * step, 6 + 4 * step, 7 + 4 * step], step, keys=True)
        value = memory(one(), got)
        assert torch.isfinite(value)
        value.backward()
        assert torch.isfinite(got.embeddings.grad).all()
    assert got.embeddings.grad.abs().sum() > 0


def test_moco_is_the_loss_over_keys_of_the_batch_and_the_queue():
    loss, memory = BatchHardTriplet(), memory_of(MoCo, 16)
    first, second = batch([0, 1, 2, 3], 0, keys=True), batch([2, 3, 4, 5], 1, keys=True)
    memory(loss, first)
    got = memory(loss, second)
    columns = torch.cat([second.keys, first.keys[:2]])
    labels = torch.cat([second.labels, first.labels[:2]])[:, 0]
    torch.testing.assert_close(
        got, loss(second.embeddings, second.labels[:, 0], columns, labels, torch.arange(4))
    )


def test_either_view_of_a_picture_has_the_other_ones_key_for_positive():
    memory, one = memory_of(MoCo, 16), batch([0, 0, 1, 1], keys=True)
    one = one._replace(labels=torch.tensor([[0], [0], [1], [1]]))
    memory.queue = Queue(16, 4, 1).double()
    unit = nn.functional.normalize
    logits = unit(one.embeddings) @ unit(one.keys).T / 0.1
    logits = logits.masked_fill(torch.eye(4, dtype=torch.bool), -torch.inf)
    want = nn.functional.cross_entropy(logits, torch.tensor([1, 0, 3, 2]))
    torch.testing.assert_close(memory(InfoNCE(0.1), one), want)


def test_the_copy_follows_the_model_and_takes_its_modes(tiny_model):
    model = tiny_model()
    memory = MoCo(8, momentum=0.9)
    memory.set_up(model, 1)
    before = [p.clone() for p in memory.encoder.parameters()]
    with torch.no_grad():
        for p in model.parameters():
            p.add_(1.0)
    model.train().backbone.eval()
    model.backbone[1].running_mean.fill_(5)
    images = torch.zeros(2, 3, 8, 8, dtype=torch.uint8)
    keys = memory.keys(model, images, lambda encoder, images: encoder(images))
    assert not keys.requires_grad
    for was, now, its in zip(before, memory.encoder.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(now, 0.9 * was + 0.1 * its)
        assert not now.requires_grad
    assert memory.encoder.training
    assert not memory.encoder.backbone[1].training
    assert memory.encoder.backbone[1].running_mean.tolist() == [5] * 6


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (ProxyAnchor(), "ProxyAnchor compares pictures with proxies.*memory=none"),
        (CLIP(), "CLIP compares nothing but the batch"),
        (Combined({"a": InfoNCE()}), "Combined compares nothing but the batch"),
    ],
)
def test_a_loss_that_takes_no_memory_is_refused_with_the_mend(loss, message):
    with pytest.raises(ConfigError, match=message):
        VisualSearchModule(Width(), loss, memory=XBM(8))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: XBM(0), "size must be >= 1 pictures, got 0"),
        (lambda: XBM(8, start=-1), "start must be >= 0 batches, got -1"),
        (lambda: MoCo(0), "size must be >= 1"),
        (lambda: MoCo(8, momentum=1.0), "momentum must be >= 0 and < 1, got 1.0"),
    ],
)
def test_values_out_of_range_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
