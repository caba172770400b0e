import copy
import shutil

import pytest
import torch
from torch import nn

from vsr.errors import ConfigError
from vsr.models.compiling import compile_backbone
from vsr.models.embedder import Embedder
from vsr.models.embedding import EmbeddingModel
from vsr.models.pictures import PictureNormalization
from vsr.models.timm import TimmModel


class Small(Embedder):
    """A convolution and a BatchNorm."""

    def __init__(self):
        super().__init__()
        self.pictures = PictureNormalization((0.5,) * 3, (0.2,) * 3)
        self.backbone = nn.Sequential(nn.Conv2d(3, 8, 3, 2), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.0))
        self.head, self.width, self.normalize = nn.Linear(8, 4), 4, True

    def features(self, images):
        return self.backbone(self.pictures(images)).mean(dim=(2, 3))


def images(n: int = 4, side: int = 32) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(256, (n, 3, side, side), generator=generator, dtype=torch.uint8)


def step(model: torch.nn.Module) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Embeddings, and gradients by parameter, of a training step."""
    embeddings = model.train()(images(side=64))
    embeddings[:, 0].sum().backward()
    return embeddings.detach(), {name: p.grad for name, p in model.named_parameters() if p.grad is not None}


def assert_computes_the_same(model: torch.nn.Module, other: torch.nn.Module) -> None:
    """In float64: in float32 BatchNorm over few pictures makes much of rounding."""
    model, other = model.double(), other.double()
    torch.testing.assert_close(step(other), step(model), rtol=1e-5, atol=1e-6)
    with torch.no_grad():
        torch.testing.assert_close(other.eval()(images()), model.eval()(images()), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("backend", "make"),
    [
        ("aot_eager", Small),
        pytest.param(
            "inductor",
            lambda: EmbeddingModel("resnet18", width=8),
            marks=[
                pytest.mark.slow,
                pytest.mark.skipif(shutil.which("g++") is None, reason="inductor compiles C++ for a CPU"),
            ],
        ),
    ],
)
def test_a_compiled_network_computes_the_same_under_the_same_names(backend, make):
    torch.manual_seed(0)
    plain = make()
    compiled = copy.deepcopy(plain)
    compile_backbone(compiled, backend)
    torch._dynamo.utils.counters.clear()
    assert_computes_the_same(plain, compiled)
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] >= 2  # it was compiled, for both modes
    assert compiled.state_dict().keys() == plain.state_dict().keys()
    plain.load_state_dict(compiled.state_dict())


def test_an_unknown_backend_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match=r"compile must be null or .* got indctor; did you mean 'inductor'"):
        compile_backbone(EmbeddingModel("squeezenet1_1"), "indctor")


@pytest.mark.parametrize("name", ["resnet18", "timm/test_resnet", "timm/test_vit"])
def test_the_layout_of_pictures_changes_no_number(name):
    if name.startswith("timm/"):
        pytest.importorskip("timm", reason="timm is an optional extra")
    last, first = (build_as(name, channels_last) for channels_last in (True, False))
    first.load_state_dict(last.state_dict())
    assert_computes_the_same(last, first)


def build_as(name: str, channels_last: bool) -> EmbeddingModel | TimmModel:
    torch.manual_seed(0)
    if name.startswith("timm/"):
        return TimmModel(name.removeprefix("timm/"), width=8, channels_last=channels_last)
    return EmbeddingModel(name, width=8, channels_last=channels_last)


def test_the_layout_is_that_of_the_convolutions():
    for channels_last in (True, False):
        weight = build_as("resnet18", channels_last).backbone.layer1[0].conv1.weight
        assert weight.is_contiguous(memory_format=torch.channels_last) == channels_last
