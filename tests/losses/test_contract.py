"""What every loss keeps to. A new loss is tested by standing in ``vsr.losses.__all__``."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import vsr.losses

every_loss = pytest.mark.parametrize("name", [name for name in vsr.losses.__all__ if name != "PairLoss"])


def build(name):
    torch.manual_seed(0)
    return getattr(vsr.losses, name)()


def batch(n_labels=6, each=3, width=8, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n_labels * each, width, generator=generator), torch.arange(n_labels * each) % n_labels


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
    assert (embeddings.grad.abs().sum(dim=1) > 0).all()


@every_loss
def test_is_smaller_when_labels_lie_together_than_when_they_are_mixed(name):
    _, labels = batch()
    together = torch.eye(8)[labels]
    assert build(name)(together, labels) < build(name)(together, labels.sort().values)


@every_loss
@pytest.mark.parametrize("labels", [[5], [1, 2, 3], []], ids=["one", "no_pair", "empty"])
def test_is_a_differentiable_zero_where_no_label_repeats(name, labels):
    embeddings = torch.randn(len(labels), 4, requires_grad=True)
    loss = build(name)(embeddings, torch.tensor(labels, dtype=torch.int64))
    assert loss.item() == 0
    loss.backward()
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
def test_takes_bfloat16_embeddings(name):
    embeddings, labels = batch()
    half = embeddings.bfloat16().requires_grad_()
    loss = build(name)(half, labels)
    loss.backward()
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, build(name)(half.detach().float(), labels))
    assert half.grad.isfinite().all()


@every_loss
def test_computes_in_float64_for_float64_embeddings(name):
    embeddings, labels = batch()
    assert build(name)(embeddings.double(), labels).dtype == torch.float64


@every_loss
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 999))
def test_does_not_depend_on_the_order_of_the_batch(name, seed):
    embeddings, labels = batch(seed=seed)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    loss = build(name)
    torch.testing.assert_close(
        loss(embeddings[order], labels[order]), loss(embeddings, labels), rtol=1e-4, atol=1e-5
    )


@every_loss
@settings(max_examples=20, deadline=None)
@given(offset=st.integers(1, 2**40))
def test_depends_on_which_labels_are_equal_not_on_their_values(name, offset):
    embeddings, labels = batch(each=2)
    if sum(p.ndim == 2 for p in build(name).parameters()):
        pytest.skip("a loss with a proxy for each label knows labels by value")
    assert torch.equal(build(name)(embeddings, labels + offset), build(name)(embeddings, labels))


@every_loss
def test_leaves_its_input_alone(name):
    embeddings, labels = batch()
    before = embeddings.clone(), labels.clone()
    build(name)(embeddings, labels)
    assert torch.equal(embeddings, before[0])
    assert torch.equal(labels, before[1])


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
