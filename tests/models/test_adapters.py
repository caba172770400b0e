import copy
import sys

import pytest
import torch
from torch import nn

from vsr.errors import ConfigError
from vsr.models.adapters import _called, add_adapters, merge_adapters, merged_state
from vsr.models.embedding import EmbeddingModel
from vsr.models.timm import TimmModel

peft = pytest.importorskip("peft", reason="peft is an optional extra")


def build(name: str, **options) -> EmbeddingModel | TimmModel:
    torch.manual_seed(0)
    if name.startswith("timm/"):
        pytest.importorskip("timm", reason="timm is an optional extra")
        return TimmModel(name.removeprefix("timm/"), width=8, **options).eval()
    return EmbeddingModel(name, width=8, **options).eval()


def images(side: int = 64, n: int = 2) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(256, (n, 3, side, side), generator=generator, dtype=torch.uint8)


def moved(model: nn.Module) -> nn.Module:
    """With adapters as training might leave them: the side that starts at zero is no longer so."""
    generator = torch.Generator().manual_seed(1)
    for name, weight in model.named_parameters():
        if ".lora_B." in name:
            weight.data = torch.randn(weight.shape, generator=generator) * 0.05
    return model


# What each family's default layers are, and how many of them.
FAMILIES = {
    "resnet18": (nn.Conv2d, 20),
    "mobilenet_v3_small": (nn.Conv2d, 41),
    "convnext_tiny": (nn.Linear, 36),
    "swin_t": (nn.Linear, 27),
    "vit_b_16": (nn.Linear, 24),
    "timm/test_vit": (nn.Linear, 24),
    "timm/test_resnet": (nn.Conv2d, 15),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_an_adapted_network_starts_as_it_was_and_its_adapters_alone_learn(name):
    model = build(name)
    before = model(images())
    chosen = add_adapters(model, rank=2)
    kind, count = FAMILIES[name]
    layers = [model.backbone.get_submodule(layer).base_layer for layer in chosen]
    assert all(isinstance(layer, kind) for layer in layers)
    assert len(layers) == count
    torch.testing.assert_close(model(images()), before)
    moved(model)(images())[:, 0].sum().backward()
    learning = {part for part, weight in model.backbone.named_parameters() if weight.requires_grad}
    assert learning == {f"{layer}.lora_{side}.default.weight" for layer in chosen for side in "AB"}
    assert all(model.backbone.get_parameter(part).grad is not None for part in learning)
    assert all(weight.requires_grad for weight in model.head.parameters())


@pytest.mark.parametrize("name", ["resnet18", "swin_t", "timm/test_vit"])
def test_merging_changes_no_embedding_and_gives_the_plain_network_back(name):
    plain = build(name)
    model = copy.deepcopy(plain)
    add_adapters(model, rank=4, alpha=32, dropout=0.5)
    moved(model)
    with torch.no_grad():
        want = model(images())
        assert (want - plain(images())).abs().max() > 1e-3
        by_state = copy.deepcopy(plain)
        by_state.load_state_dict(merged_state(model.state_dict(), 32 / 4))
        merge_adapters(model)
        torch.testing.assert_close(model(images()), want, rtol=1e-4, atol=1e-5)
    assert model.state_dict().keys() == plain.state_dict().keys()
    for key, value in model.state_dict().items():
        torch.testing.assert_close(by_state.state_dict()[key], value, rtol=1e-5, atol=1e-6)
    assert all(weight.requires_grad for weight in model.parameters())


def test_a_state_without_adapters_is_merged_as_it_is():
    state = build("squeezenet1_1").state_dict()
    assert merged_state(state, 2.0) == state


def test_finding_the_layers_leaves_modes_statistics_and_random_state_alone():
    model = build("resnet18").train()
    model.backbone.bn1.eval()
    before, random = copy.deepcopy(model.state_dict()), torch.get_rng_state()
    modes = [part.training for part in model.modules()]
    _called(model)
    assert [part.training for part in model.modules()] == modes
    assert torch.equal(torch.get_rng_state(), random)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not any(part._forward_hooks for part in model.modules())


def test_layers_are_chosen_by_the_last_parts_of_their_names():
    model = build("timm/test_vit")
    chosen = add_adapters(model, layers=["attn.qkv", "fc2"])
    assert {name.partition(".")[2].partition(".")[2] for name in chosen} == {"attn.qkv", "mlp.fc2"}
    assert len(chosen) == 12


@pytest.mark.parametrize(
    ("name", "layer", "message"),
    [
        ("timm/test_vit", "fc3", "'fc3' is the name of no layer; did you mean 'fc"),
        ("swin_t", "qkv", "'qkv' is no linear layer or convolution without groups that the network calls"),
        ("mobilenet_v3_small", "features.1.block.0.0", "is no linear layer or convolution without groups"),
    ],
)
def test_a_layer_that_cannot_be_adapted_is_refused(name, layer, message):
    with pytest.raises(ConfigError, match=rf"finetune\.layers: .*{message}"):
        add_adapters(build(name), layers=[layer])


def test_a_missing_library_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(ConfigError, match=r"finetune=lora needs peft .*: uv sync --extra lora"):
        add_adapters(build("squeezenet1_1"))
