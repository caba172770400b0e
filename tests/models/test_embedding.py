import pytest
import torch
from torch import nn

from vsr.errors import ConfigError
from vsr.models.embedding import EmbeddingModel

BACKBONE = "mobilenet_v3_small"  # BatchNorm and dropout-like layers at the lowest price


@pytest.fixture
def images():
    torch.manual_seed(3)
    return torch.randint(0, 256, (4, 3, 40, 40), dtype=torch.uint8)


def build(**kwargs):
    torch.manual_seed(0)
    return EmbeddingModel(BACKBONE, **kwargs)


def test_embeddings_are_float32_of_unit_length(images):
    embeddings = build(width=24)(images)
    assert embeddings.shape == (4, 24)
    assert embeddings.dtype == torch.float32
    torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(4))


@pytest.mark.parametrize("name", ["efficientnet_b0", "mobilenet_v2", "squeezenet1_1"])
@torch.no_grad()
def test_untrained_networks_give_unit_length_and_tell_pictures_apart(name, images):
    embeddings = EmbeddingModel(name).eval()(images)
    torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(4))
    assert torch.pdist(embeddings).min() > 1e-4


def test_lengths_are_left_alone_without_normalize(images):
    model = build(normalize=False).eval()
    torch.testing.assert_close(model(images), model.head(model.features(images)))
    unit = build().eval()(images)
    torch.testing.assert_close(nn.functional.normalize(model(images), eps=1e-16), unit)


def test_bytes_and_floats_of_one_picture_give_one_embedding(images):
    model = build().eval()
    torch.testing.assert_close(model(images), model(images.float() / 255))


def test_pictures_are_normalized_as_imagenet_weights_expect():
    white = torch.full((1, 3, 2, 2), 255, dtype=torch.uint8)
    got = build().pictures(white)[0, :, 0, 0]
    torch.testing.assert_close(got, torch.tensor([0.515 / 0.229, 0.544 / 0.224, 0.594 / 0.225]))


@pytest.mark.parametrize("shape", [(3, 8, 8), (1, 1, 8, 8), (1, 8, 8, 3)])
def test_pictures_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"images must be \(B, 3, H, W\)"):
        build()(torch.zeros(shape))


def test_pictures_of_another_type_are_refused():
    with pytest.raises(ValueError, match=r"uint8 in 0..255 or float in 0..1, got torch.int64"):
        build()(torch.zeros(1, 3, 8, 8, dtype=torch.int64))


@pytest.mark.parametrize("pooling", ["avg", "gem"])
def test_autocast_leaves_embeddings_float32_and_close(images, pooling):
    model = build(pooling=pooling).eval()
    expected = model(images)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        got = model(images)
    assert got.dtype == torch.float32
    torch.testing.assert_close(got.norm(dim=1), torch.ones(4))
    assert (got * expected).sum(dim=1).min() > 0.98


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_model_cast_to_another_type_gives_float32(images, dtype):
    embeddings = build().to(dtype).eval()(images)
    assert embeddings.dtype == torch.float32
    assert embeddings.isfinite().all()


def test_one_seed_gives_one_model(images):
    assert torch.equal(build().eval()(images), build().eval()(images))


def test_building_draws_the_same_random_numbers_whatever_the_backbone_did_before():
    torch.manual_seed(0)
    EmbeddingModel(BACKBONE)
    first = torch.rand(1)
    torch.manual_seed(0)
    EmbeddingModel(BACKBONE)
    assert torch.equal(first, torch.rand(1))


def test_width_follows_the_backbone_when_left_open():
    for head in ("none", "linear", "mlp"):
        assert build(head=head, width=None).width == 576
    assert isinstance(build(head="none", width=576).head, nn.Identity)


def test_mlp_head_has_its_hidden_width(images):
    model = build(head="mlp", hidden_width=11, width=5)
    assert [tuple(p.shape) for p in model.head.parameters()] == [(11, 576), (11,), (5, 11), (5,)]
    assert model(images).shape == (4, 5)


def test_no_head_and_a_width_of_its_own_is_refused():
    with pytest.raises(ConfigError, match="own 576 numbers, but width is 128; set width to null"):
        build(head="none", width=128)


@pytest.mark.parametrize("kwargs", [{"width": 0}, {"hidden_width": -3, "head": "mlp"}])
def test_widths_below_one_are_refused(kwargs):
    with pytest.raises(ConfigError, match=r"width must be >= 1 or null, got"):
        build(**kwargs)


def test_unknown_head_is_refused():
    with pytest.raises(ConfigError, match="got 'linar'; did you mean 'linear'"):
        build(head="linar")


def train_step(model, images):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, weight_decay=0.1)
    model(images)[:, 0].sum().backward()
    optimizer.step()


def test_frozen_backbone_keeps_weights_and_statistics_through_training(images):
    model = build()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model.freeze_backbone()
    model.train()
    train_step(model, images)
    for name, value in model.state_dict().items():
        same = torch.equal(value, before[name])
        assert same == (not name.startswith("head.")), name


def test_frozen_features_do_not_depend_on_batch_companions(images):
    model = build()
    model.freeze_backbone()
    model.train()
    torch.testing.assert_close(model(images)[:1], model(images[:1]), rtol=1e-4, atol=1e-5)


def test_unfrozen_backbone_learns_again(images):
    model = build()
    model.freeze_backbone()
    model.unfreeze_backbone()
    before = {name: value.clone() for name, value in model.backbone.state_dict().items()}
    assert model.backbone.training
    train_step(model, images)
    moved = [
        name for name, value in model.backbone.state_dict().items() if not torch.equal(value, before[name])
    ]
    assert any(name.endswith("running_mean") for name in moved)
    assert any(name.endswith("weight") for name in moved)


def test_thawing_during_evaluation_keeps_evaluation():
    model = build()
    model.freeze_backbone()
    model.eval()
    model.unfreeze_backbone()
    assert not model.backbone.training
    assert model.train().backbone.training


def test_zero_init_makes_every_block_its_shortcut():
    model = EmbeddingModel("resnet50", zero_init=True)
    scales = [value for name, value in model.named_parameters() if name.endswith("bn3.weight")]
    assert len(scales) == 16
    assert not any(scale.any() for scale in scales)


def test_zero_init_of_a_network_without_residual_blocks_is_refused():
    with pytest.raises(ConfigError, match="zero_init is for ResNets"):
        EmbeddingModel("squeezenet1_1", zero_init=True)
