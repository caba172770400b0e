"""What every loss keeps to. A new loss is tested by existing."""

import inspect

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import vsr.losses
from vsr.losses.pairs import PairLoss
from vsr.losses.proxies import ProxyLoss
from vsr.unit import SHORT, unit_length

ABSTRACT = {"PairLoss", "ProxyLoss"}
CLASSES = {
    name: one
    for name in dir(vsr.losses)
    if inspect.isclass(one := getattr(vsr.losses, name)) and issubclass(one, nn.Module)
}
NAMES = sorted(CLASSES.keys() - ABSTRACT)
PAIRS = [name for name in NAMES if issubclass(CLASSES[name], PairLoss)]
PROXIES = [name for name in NAMES if issubclass(CLASSES[name], ProxyLoss)]
OPTIONS = {
    "Combined": lambda: {"losses": {"pairs": vsr.losses.InfoNCE(), "proxies": vsr.losses.ProxyAnchor()}},
    "PML": lambda: {"name": "MultiSimilarityLoss"},
}
IN_PAIRS = {"CLIP", "OneWayInfoNCE"}  # rows 2k and 2k + 1 are query and positive, of one label
RAW = {"NPair"}  # of the length of embeddings, on purpose
# Losses that learn from negatives, proxies or lengths alone; the others are 0 where no label repeats.
WITHOUT_POSITIVES = {"SigLIP", "Contrastive", "NPair", "PML", "Combined", *PROXIES}

every_loss = pytest.mark.parametrize("name", NAMES)
every_pair_loss = pytest.mark.parametrize("name", PAIRS)


def build(name, labels=None, width=8):
    loss = CLASSES[name](**OPTIONS.get(name, dict)())
    vsr.losses.set_up(loss, torch.arange(6) if labels is None else labels, width, seed=7)
    return loss


def batch(n_labels=6, each=4, width=8, seed=0):
    """Labels lie in runs, so that rows are in pairs of one label too."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n_labels * each, width, generator=generator), torch.arange(n_labels * each) // each


def shuffled(name, labels, seed):
    """A random order of the rows; whole pairs where the loss asks for pairs."""
    generator = torch.Generator().manual_seed(seed)
    if name in IN_PAIRS:
        return (
            torch.randperm(len(labels) // 2, generator=generator)[:, None] * 2 + torch.arange(2)
        ).flatten()
    return torch.randperm(len(labels), generator=generator)


@every_loss
def test_gives_a_finite_float32_scalar_with_a_gradient_for_every_row(name):
    embeddings, labels = batch()
    embeddings.requires_grad_()
    loss = build(name)(embeddings, labels)
    assert loss.shape == ()
    assert loss.dtype == torch.float32
    assert loss.isfinite()
    loss.backward()
    assert embeddings.grad.isfinite().all()
    moved = embeddings.grad.abs().sum(dim=1) > 0
    assert moved.all() or (moved.any() and name in {"BatchHardTriplet", "SemiHardTriplet"})


@every_loss
def test_parameters_are_all_learned(name):
    embeddings, labels = batch()
    loss = build(name)
    loss(embeddings.requires_grad_(), labels).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in loss.parameters())


@every_loss
def test_is_smaller_when_labels_lie_together_than_when_they_are_mixed(name):
    _, labels = batch()
    together = torch.eye(8)[labels]
    loss = build(name)
    if name in PROXIES:
        with torch.no_grad():
            loss.proxies.copy_(torch.eye(8)[loss.known].repeat(loss.per_label, 1))
    elif name == "SemiHardTriplet":  # where all is right or all is wrong, nothing is semi-hard
        pytest.skip("a semi-hard loss looks at the band between right and wrong alone")
    mixed = together[torch.arange(len(labels)).reshape(6, 4).T.flatten()]
    assert loss(together, labels) < loss(mixed, labels)


@every_loss
@pytest.mark.parametrize("labels", [[5], [1, 2, 3], []], ids=["one", "no_pair", "empty"])
def test_is_differentiable_where_no_label_repeats_and_0_when_there_is_nothing_to_learn(name, labels):
    embeddings = torch.randn(len(labels), 8, requires_grad=True)
    if name in IN_PAIRS and labels:
        pytest.skip("rows must come in pairs")
    loss = build(name)(embeddings, torch.tensor(labels, dtype=torch.int64))
    loss.backward()
    assert loss.isfinite()
    assert embeddings.grad.isfinite().all()
    if not labels or name not in WITHOUT_POSITIVES:
        assert loss.item() == 0
        assert (embeddings.grad == 0).all()


@every_loss
def test_is_finite_when_all_pictures_share_one_label_or_one_embedding(name):
    embeddings, labels = batch()
    for vectors, names in ((embeddings, labels * 0), (torch.ones_like(embeddings), labels)):
        vectors = vectors.clone().requires_grad_()
        loss = build(name)(vectors, names)
        loss.backward()
        assert loss.isfinite()
        assert vectors.grad.isfinite().all()


@every_loss
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_takes_half_precision_embeddings_and_computes_in_float32(name, dtype):
    embeddings, labels = batch()
    half = embeddings.to(dtype).requires_grad_()
    loss = build(name)(half, labels)
    loss.backward()
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, build(name)(half.detach().float(), labels))
    assert half.grad.isfinite().all()


@every_loss
def test_autocast_does_not_blur_it(name):
    embeddings, labels = batch()
    loss = build(name)
    expected = loss(embeddings, labels)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(loss(embeddings, labels), expected)


@every_loss
def test_computes_in_float64_for_float64_embeddings(name):
    embeddings, labels = batch()
    assert build(name)(embeddings.double(), labels).dtype == torch.float64


@every_loss
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 999))
def test_does_not_depend_on_the_order_of_the_batch(name, seed):
    embeddings, labels = batch(seed=seed)
    order = shuffled(name, labels, seed)
    loss = build(name)
    torch.testing.assert_close(
        loss(embeddings[order], labels[order]), loss(embeddings, labels), rtol=1e-4, atol=1e-5
    )


@every_loss
@settings(max_examples=10, deadline=None)
@given(scale=st.floats(0.01, 100))
def test_does_not_depend_on_the_length_of_embeddings(name, scale):
    if name in RAW:
        pytest.skip("takes dot products of embeddings as they are")
    embeddings, labels = batch()
    loss = build(name)
    torch.testing.assert_close(
        loss(embeddings * scale, labels), loss(embeddings, labels), rtol=1e-4, atol=1e-5
    )


@every_loss
@settings(max_examples=10, deadline=None)
@given(offset=st.integers(1, 2**40))
def test_depends_on_which_labels_are_equal_not_on_their_values(name, offset):
    embeddings, labels = batch(each=2)
    moved = build(name, torch.arange(6) + offset)(embeddings, labels + offset)
    assert torch.equal(moved, build(name)(embeddings, labels))


@every_loss
def test_leaves_its_input_alone(name):
    embeddings, labels = batch()
    before = embeddings.clone(), labels.clone()
    build(name)(embeddings, labels)
    assert torch.equal(embeddings, before[0])
    assert torch.equal(labels, before[1])


@every_loss
def test_gradient_is_that_of_finite_differences(name):
    if name == "Circle":
        pytest.skip("takes its weights as constants: see test_circle.py")
    embeddings, labels = batch(n_labels=3, width=5)
    loss = build(name, width=5).double()
    assert torch.autograd.gradcheck(
        lambda x: loss(x, labels), embeddings.double().requires_grad_(), eps=1e-7, atol=1e-5
    )


@every_loss
def test_state_comes_back_from_a_file_read_without_running_it(name, tmp_path):
    embeddings, labels = batch()
    loss = build(name)
    with torch.no_grad():
        for parameter in loss.parameters():
            parameter.add_(0.01)
    torch.save(loss.state_dict(), tmp_path / "loss.pt")
    again = build(name)
    again.load_state_dict(torch.load(tmp_path / "loss.pt", weights_only=True))
    assert torch.equal(again(embeddings, labels), loss(embeddings, labels))


@every_pair_loss
def test_a_reference_set_that_is_the_batch_gives_what_the_batch_gives(name):
    embeddings, labels = batch()
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(1))
    own = order.argsort()  # row i of the batch is column own[i]
    loss = build(name)
    got = loss(embeddings, labels, embeddings[order], labels[order], own)
    torch.testing.assert_close(got, loss(embeddings, labels))


@every_pair_loss
def test_references_without_the_batch_need_no_own_columns(name):
    embeddings, labels = batch()
    loss = build(name)
    first, second = (embeddings[:12], labels[:12]), (embeddings[8:], labels[8:])
    nowhere = torch.full((12,), -1)
    assert torch.equal(loss(*first, *second), loss(*first, *second, nowhere))


@every_pair_loss
def test_references_get_a_gradient_if_they_want_one_and_anchors_always(name):
    embeddings, labels = batch()
    memory = embeddings[4:].clone().requires_grad_()
    build(name)(embeddings[:8], labels[:8], memory, labels[4:]).backward()
    assert memory.grad.isfinite().all()
    assert memory.grad.abs().sum() > 0
    anchors = embeddings[:8].clone().requires_grad_()
    build(name)(anchors, labels[:8], memory.detach(), labels[4:]).backward()
    assert anchors.grad.abs().sum() > 0


@every_loss
@pytest.mark.parametrize(
    ("embeddings", "labels", "message"),
    [
        (torch.zeros(2, 3, 4), torch.zeros(2, dtype=torch.int64), r"embeddings must be \(B, D\)"),
        (torch.zeros(2, 3, dtype=torch.int64), torch.zeros(2, dtype=torch.int64), "must be floating point"),
        (torch.zeros(2, 3), torch.zeros(3, dtype=torch.int64), r"labels must be \(2,\)"),
        (torch.zeros(2, 3), torch.zeros(2), "labels must be integers"),
    ],
)
def test_refuses_what_is_no_batch(name, embeddings, labels, message):
    with pytest.raises(ValueError, match=message):
        build(name)(embeddings, labels)


@every_pair_loss
@pytest.mark.parametrize(
    ("references", "message"),
    [
        ((torch.zeros(3, 8),), "go together"),
        ((None, None, torch.zeros(4)), "go together"),
        ((torch.zeros(3, 5), torch.zeros(3, dtype=torch.int64)), r"ref_embeddings must be \(N, 8\)"),
        ((torch.zeros(3, 8), torch.zeros(2, dtype=torch.int64)), r"labels must be \(3,\)"),
        (
            (torch.zeros(3, 8), torch.zeros(3, dtype=torch.int64), torch.zeros(3, dtype=torch.int64)),
            r"own must be \(4,\)",
        ),
    ],
)
def test_refuses_references_that_do_not_fit(name, references, message):
    with pytest.raises(ValueError, match=message):
        build(name)(torch.ones(4, 8), torch.zeros(4, dtype=torch.int64), *references)


@every_loss
@pytest.mark.parametrize("length", [0, 1e-30, 1e-13, 1e-6, 1e-4])
def test_an_embedding_without_length_among_others_has_a_bounded_gradient(name, length):
    """At most what arrives at the unit vector, over `SHORT`: alone, and behind a model that scales too."""
    embeddings, labels = batch()
    embeddings[3] *= length / embeddings[3].norm()
    loss = build(name)
    sphere = unit_length(embeddings).requires_grad_()
    loss(sphere, labels).backward()  # scaled again: the part along the vector is already taken off
    arrives = sphere.grad.norm(dim=1)
    for scaled in (False, True):
        vectors = embeddings.clone().requires_grad_()
        loss(unit_length(vectors) if scaled else vectors, labels).backward()
        assert vectors.grad.isfinite().all()
        if scaled or name not in RAW:
            assert (vectors.grad.norm(dim=1) <= arrives / SHORT * 1.01).all()
        if length == 0 and (scaled or name not in RAW):
            assert (vectors.grad[3] == 0).all()


@every_loss
def test_adamw_moves_every_weight_after_a_batch_with_an_embedding_without_length(name):
    """A step whose square overflows would be remembered as inf, and the weight never moved again."""
    embeddings, labels = batch()
    loss = build(name)
    weights = [torch.nn.Parameter(embeddings.clone()), *loss.parameters()]
    optimizer = torch.optim.AdamW(weights, lr=0.01, weight_decay=0)
    for zero in (True, False, False):
        optimizer.zero_grad()
        kept = torch.ones(len(labels), 1)
        kept[3] = 0 if zero else 1
        loss(unit_length(weights[0] * kept), labels).backward()
        before = weights[0].detach().clone()
        optimizer.step()
    moments = [value for state in optimizer.state.values() for value in state.values()]
    assert all(torch.isfinite(value).all() for value in moments)
    assert (weights[0] != before).any(dim=1)[weights[0].grad.norm(dim=1) > 1e-6].all()
