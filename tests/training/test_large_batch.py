import functools
import logging

import pytest
import torch

from vsr.losses.infonce import InfoNCE
from vsr.losses.proxies import set_up
from vsr.losses.proxy_anchor import ProxyAnchor
from vsr.losses.triplet import BatchHardTriplet
from vsr.models.compiling import compile_backbone
from vsr.models.embedding import EmbeddingModel
from vsr.training.large_batch import LargeBatch

LABELS = torch.arange(24) // 2


def images(n=24, side=8):
    return torch.randint(
        256, (n, 3, side, side), generator=torch.Generator().manual_seed(0), dtype=torch.uint8
    )


def gradients(model, loss, embed):
    """Gradient of every parameter of ``model``, from the same random state."""
    model.zero_grad()
    torch.manual_seed(5)
    loss(embed(model, images()), LABELS).backward()
    return [p.grad.clone() for p in model.parameters()]


def in_parts(n, model, images):
    return torch.cat([model(part) for part in images.tensor_split(n)])


@pytest.mark.parametrize("chunk", [2, 5, 7, 23, 24, 100])
@pytest.mark.parametrize(
    "loss", [InfoNCE(0.1), BatchHardTriplet(), ProxyAnchor()], ids=lambda one: type(one).__name__
)
def test_the_gradient_is_that_of_the_whole_batch(tiny_model, loss, chunk):
    set_up(loss, LABELS, 4)
    model = tiny_model(norm=False).double()
    want = gradients(model, loss, lambda model, images: model(images))
    got = gradients(model, loss, LargeBatch(chunk).embed)
    torch.testing.assert_close(got, want, rtol=1e-10, atol=1e-12)


def test_a_frozen_batch_norm_changes_nothing(tiny_model):
    model = tiny_model().double()
    model.backbone[1].eval()
    want = gradients(model, InfoNCE(), lambda model, images: model(images))
    torch.testing.assert_close(gradients(model, InfoNCE(), LargeBatch(5).embed), want, rtol=1e-10, atol=1e-12)


def test_dropout_drops_the_same_both_times(tiny_model):
    model = tiny_model(norm=False, dropout=0.5).double()
    want = gradients(model, InfoNCE(), functools.partial(in_parts, 5))
    got = gradients(model, InfoNCE(), LargeBatch(5).embed)
    torch.testing.assert_close(got, want, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("momentum", [0.1, None])
def test_batch_norm_is_that_of_each_chunk_and_its_statistics_move_once_a_chunk(tiny_model, momentum):
    plain, chunked = tiny_model().double(), tiny_model().double()
    for model in (plain, chunked):
        model.backbone[1].momentum = momentum
    want = gradients(plain, InfoNCE(), functools.partial(in_parts, 3))
    got = gradients(chunked, InfoNCE(), LargeBatch(8).embed)
    torch.testing.assert_close(got, want, rtol=1e-10, atol=1e-12)
    norm = chunked.backbone[1]
    assert norm.num_batches_tracked == 3
    assert norm.momentum == momentum
    for name, value in plain.backbone[1].state_dict().items():
        assert torch.equal(value, norm.state_dict()[name]), name


def test_autocast_is_replayed(tiny_model):
    model = tiny_model(norm=False)

    def cast(embed):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return gradients(model, InfoNCE(), embed)

    want = cast(functools.partial(in_parts, 3))
    torch.testing.assert_close(cast(LargeBatch(8).embed), want, rtol=0.02, atol=0.02)


@pytest.mark.slow
def test_a_compiled_network_learns_the_same(tiny_model):
    plain, compiled = tiny_model().double(), tiny_model().double()
    compile_backbone(compiled, "aot_eager")
    want = gradients(plain, InfoNCE(), LargeBatch(8).embed)
    torch.testing.assert_close(gradients(compiled, InfoNCE(), LargeBatch(8).embed), want)
    torch.testing.assert_close(compiled.state_dict(), plain.state_dict())


def test_a_real_network_learns_the_same():
    model = EmbeddingModel("squeezenet1_1", width=8).double()  # no BatchNorm, but dropout
    want = None
    for embed in (functools.partial(in_parts, 4), LargeBatch(2).embed):
        model.zero_grad()
        torch.manual_seed(5)
        InfoNCE()(embed(model, images(8, 32)), LABELS[:8]).backward()
        got = [p.grad.clone() for p in model.parameters()]
        want = want or got
    torch.testing.assert_close(got, want, rtol=1e-8, atol=1e-10)


def test_one_chunk_of_four_is_held_in_memory(tiny_model):
    def pictures_held(large_batch):
        """Of the first layer's outputs, by autograd."""
        held = []
        with torch.autograd.graph.saved_tensors_hooks(
            lambda tensor: held.append(len(tensor) * (tensor.shape[1:] == (6, 3, 3))), lambda tensor: tensor
        ):
            large_batch.embed(tiny_model(norm=False), images())
        return sum(held)

    assert 4 * pictures_held(LargeBatch(6)) == pictures_held(LargeBatch(None)) > 0


def test_without_gradient_it_is_in_chunks_too(tiny_model):
    sizes = []
    model = tiny_model(norm=False)
    model.register_forward_pre_hook(lambda module, args: sizes.append(len(args[0])))
    with torch.no_grad():
        got = LargeBatch(7).embed(model, images())
    assert sizes == [6, 6, 6, 6]  # of equal size: a rest of one would break BatchNorm
    torch.testing.assert_close(got, model(images()))


def test_batch_norm_is_warned_of_once(tiny_model, caplog):
    large_batch, model = LargeBatch(8), tiny_model()
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            large_batch.embed(model, images())
    assert caplog.text.count("BatchNorm normalizes each chunk by itself") == 1
    caplog.clear()
    LargeBatch(8).embed(model.eval(), images())
    LargeBatch(None).embed(model.train(), images())
    assert not caplog.text


@pytest.mark.parametrize("chunk", [1, 0, -3])
def test_a_chunk_of_less_than_two_is_refused(chunk):
    with pytest.raises(ValueError, match=f"chunk must be >= 2, or null .* got {chunk}"):
        LargeBatch(chunk)
