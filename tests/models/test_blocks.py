import pytest

from vsr.models.blocks import blocks
from vsr.models.embedding import EmbeddingModel


@pytest.mark.parametrize(
    ("backbone", "first", "last", "number"),
    [
        ("resnet18", "conv1", "layer4.1", 9),
        ("mobilenet_v3_small", "features.0", "features.12", 13),
        ("squeezenet1_1", "features.0", "features.12", 9),
        ("vit_b_32", "conv_proj", "encoder.layers.encoder_layer_11", 13),
        ("convnext_tiny", "features.0", "features.7.2", 22),
    ],
)
def test_blocks_follow_one_another_and_hold_every_weight_once(backbone, first, last, number):
    found = blocks(EmbeddingModel(backbone, width=8).backbone)
    names = [name for name, _ in found]
    assert names[0].startswith(first)
    assert names[-1] == last
    assert len(names) == number
    held = [id(p) for _, block in found for p in block.parameters()]
    assert len(held) == len(set(held))


def test_a_norm_belongs_to_the_block_before_it():
    backbone = EmbeddingModel("vit_b_32", width=8).backbone
    last = [id(p) for p in blocks(backbone)[-1][1].parameters()]
    assert last == [id(p) for name in ("layers.encoder_layer_11", "ln") for p in _of(backbone, name)]


def _of(backbone, name):
    return backbone.get_submodule(f"encoder.{name}").parameters()
