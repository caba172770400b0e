import pytest
import torch

from vsr.models.embedding import EmbeddingModel
from vsr.training.lora import LoRA
from vsr.training.optimizers import parameter_groups

pytest.importorskip("peft", reason="peft is an optional extra")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rank": 0}, "rank must be >= 1, got 0"),
        ({"alpha": 0.0}, "alpha must be > 0, got 0.0"),
        ({"dropout": 1.0}, "dropout must be >= 0 and < 1, got 1.0"),
        ({"layers": "fc1"}, r"layers must be a list of names, such as \[fc1\], got fc1"),
        ({"head_lr_factor": -1}, "head_lr_factor must be >= 0, got -1"),
        ({"loss_lr_factor": -1}, "loss_lr_factor must be >= 0, got -1"),
        ({"layer_lr_decay": 0.0}, "layer_lr_decay must be > 0 and <= 1, got 0.0"),
    ],
)
def test_values_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        LoRA(**options)


def test_a_step_moves_adapters_and_head_alone_statistics_included():
    torch.manual_seed(0)
    model, recipe = EmbeddingModel("resnet18", width=8), LoRA(rank=2)
    recipe.adapt(model)
    recipe.apply(model.train(), 0)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    optimizer = torch.optim.AdamW(parameter_groups(model, torch.nn.Module(), lr=0.1, weight_decay=0.1))
    model(torch.randint(256, (4, 3, 32, 32), dtype=torch.uint8))[:, 0].sum().backward()
    optimizer.step()
    changed = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert {name for name in before if ".lora_B." in name} | {"head.weight", "head.bias"} <= changed
    assert all(".lora_" in name or name.startswith("head.") for name in changed)


def test_the_adapters_of_each_block_learn_at_their_own_rate():
    model = EmbeddingModel("resnet18", width=8)
    LoRA(rank=2, layers=["conv2"]).adapt(model)
    groups = parameter_groups(model, torch.nn.Module(), lr=1.0, weight_decay=0.1, layer_lr_decay=0.5)
    rate = {id(weight): group["lr"] for group in groups for weight in group["params"]}
    last = model.backbone.layer4[1].conv2.lora_B.default.weight
    assert rate[id(last)] == 1.0
    assert rate[id(model.backbone.layer4[0].conv2.lora_B.default.weight)] == 0.5
