import pytest

from vsr.models import EmbeddingModel, blocks


@pytest.mark.parametrize(
    ("backbone", "first", "last", "number"),
    [
        ("resnet18", "conv1", "layer4.1", 10),
        ("mobilenet_v3_small", "features.0", "features.12", 13),
        ("squeezenet1_1", "features.0", "features.12", 9),
        ("vit_b_32", "conv_proj", "encoder.ln", 14),
        ("convnext_tiny", "features.0", "classifier.0", 26),
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
