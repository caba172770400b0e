import pytest
import torch
from torchvision import models

from vsr.errors import ConfigError
from vsr.models.backbones import check_backbone, strip_classifier
from vsr.models.embedding import EmbeddingModel

CONVOLUTIONAL = [
    "resnet18",
    "mobilenet_v3_small",
    "mobilenet_v2",
    "efficientnet_b0",
    "convnext_tiny",
    "swin_t",
    "densenet121",
    "regnet_y_400mf",
    "shufflenet_v2_x0_5",
    "mnasnet0_5",
]


def network(name, **kwargs):
    torch.manual_seed(0)
    return models.get_model(name, weights=None, **kwargs).eval()


def classifier_input(net, images):
    """What torchvision's own forward hands to its classifier, (B, C)."""
    classifier = next(
        getattr(net, name) for name in ("classifier", "fc", "head", "heads") if hasattr(net, name)
    )
    if isinstance(classifier, torch.nn.Sequential):
        classifier = next(one for one in classifier if isinstance(one, torch.nn.Linear))
    seen = []
    handle = classifier.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    net(images)
    handle.remove()
    return seen[0]


@pytest.mark.parametrize("name", CONVOLUTIONAL)
@torch.no_grad()
def test_average_pooled_features_are_what_torchvisions_forward_gives_its_classifier(name):
    net = network(name)
    images = torch.randn(2, 3, 64, 64)
    if name == "mobilenet_v3_small":  # its classifier has two products; the first takes the pooled features
        expected = net.avgpool(net.features(images)).flatten(1)
    else:
        expected = classifier_input(net, images)
    backbone = strip_classifier(net, name, class_token=False).eval()
    got = backbone.finish(backbone(images).mean(dim=(2, 3)))
    assert got.shape == (2, backbone.channels)
    torch.testing.assert_close(got, expected, rtol=1e-3, atol=1e-5 * expected.abs().max().item())


@torch.no_grad()
def test_squeezenets_features_are_torchvisions():
    net = network("squeezenet1_1")
    images = torch.randn(2, 3, 64, 64)
    expected = net.features(images)
    torch.testing.assert_close(strip_classifier(net, "squeezenet1_1", False)(images), expected)


@pytest.fixture(scope="module")
def vit():
    """A Vision Transformer of the registry's class, small enough to build often."""
    torch.manual_seed(0)
    net = models.VisionTransformer(
        image_size=64, patch_size=16, num_layers=2, num_heads=2, hidden_dim=32, mlp_dim=64, num_classes=7
    )
    return net.eval()


@torch.no_grad()
def test_class_token_is_what_torchvisions_transformer_gives_its_classifier(vit):
    images = torch.randn(2, 3, 64, 64)
    got = strip_classifier(vit, "vit", class_token=True)(images)
    assert got.shape == (2, 32, 1, 1)
    torch.testing.assert_close(got[:, :, 0, 0], classifier_input(vit, images))


@torch.no_grad()
def test_patch_tokens_keep_their_place_in_the_picture(vit):
    backbone = strip_classifier(vit, "vit", class_token=False)
    tokens = vit.encoder(
        torch.cat([vit.class_token, vit._process_input(image := torch.randn(1, 3, 64, 64))], 1)
    )
    got = backbone(image)
    assert got.shape == (1, 32, 4, 4)
    torch.testing.assert_close(got[0, :, 2, 3], tokens[0, 1 + 2 * 4 + 3])


@pytest.mark.parametrize(("height", "width"), [(32, 32), (96, 96), (48, 80)])
def test_transformer_takes_pictures_of_other_sizes(vit, height, width):
    backbone = strip_classifier(vit, "vit", class_token=False)
    features = backbone(torch.randn(1, 3, height, width))
    assert features.shape == (1, 32, height // 16, width // 16)
    (features * torch.randn(features.shape)).sum().backward()
    assert backbone.encoder.pos_embedding.grad.abs().sum() > 0


def test_transformer_names_the_sizes_it_takes(vit):
    backbone = strip_classifier(vit, "vit", class_token=False)
    with pytest.raises(ConfigError, match=r"multiples of 16, got 50 x 50 px; set the image size to 48 or 64"):
        backbone(torch.randn(1, 3, 50, 50))


def test_transformer_takes_the_position_grid_of_a_state_dict(vit):
    torch.manual_seed(1)
    other = models.VisionTransformer(
        image_size=96, patch_size=16, num_layers=2, num_heads=2, hidden_dim=32, mlp_dim=64
    )
    state = strip_classifier(other, "vit", class_token=False).state_dict()
    backbone = strip_classifier(vit, "vit", class_token=False)
    backbone.load_state_dict(state)
    torch.testing.assert_close(backbone.encoder.pos_embedding, other.encoder.pos_embedding)


@pytest.mark.parametrize("name", ["resnet34", "squeezenet1_1", "mobilenet_v2", "swin_t"])
@torch.no_grad()
def test_convolutional_networks_take_small_pictures(name):
    model = EmbeddingModel(name, width=8).eval()
    for side in (32, 50):
        assert model(torch.zeros(2, 3, side, side, dtype=torch.uint8)).shape == (2, 8)


@pytest.mark.parametrize("name", ["resnet50", "resnet101", "vit_b_16"])
@torch.no_grad()
def test_large_networks_of_the_registry_embed(name):
    model = EmbeddingModel(name, width=8).eval()
    assert model(torch.zeros(1, 3, 32, 32, dtype=torch.uint8)).shape == (1, 8)


def test_unknown_backbone_names_the_nearest():
    with pytest.raises(ConfigError, match="'resnet5'; did you mean 'resnet50'"):
        EmbeddingModel("resnet5")


def test_class_token_pooling_wants_a_class_token():
    check_backbone("vit_b_16", "cls")
    with pytest.raises(ConfigError, match="class token, which resnet18 does not have; use pooling avg"):
        EmbeddingModel("resnet18", pooling="cls")


def test_network_for_one_picture_size_is_refused():
    with pytest.raises(ConfigError, match="maxvit_t cannot be used"):
        EmbeddingModel("maxvit_t")
