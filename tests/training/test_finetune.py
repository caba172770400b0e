import pytest
import torch

from vsr.models.embedding import EmbeddingModel
from vsr.training.finetune import FineTune


@pytest.mark.parametrize("name", ["head_lr_factor", "loss_lr_factor", "freeze_backbone_epochs"])
def test_negative_values_are_refused(name):
    with pytest.raises(ValueError, match=f"{name} must be >= 0, got -1"):
        FineTune(**{name: -1})


def test_the_backbone_is_frozen_for_so_many_epochs_and_then_thaws():
    model, how = EmbeddingModel("squeezenet1_1", width=8), FineTune(freeze_backbone_epochs=2)
    for epoch, moves in enumerate([False, False, True]):
        how.apply(model.train(), epoch)
        assert all(p.requires_grad == moves for p in model.backbone.parameters())
        assert all(p.requires_grad for p in model.head.parameters())


def test_without_frozen_epochs_a_model_frozen_by_hand_stays_so():
    model = EmbeddingModel("squeezenet1_1", width=8)
    model.freeze_backbone()
    FineTune().apply(model, 0)
    assert not any(p.requires_grad for p in model.backbone.parameters())
    assert torch.is_grad_enabled()


def test_without_an_end_the_backbone_is_frozen_for_good():
    model = EmbeddingModel("squeezenet1_1", width=8)
    FineTune(freeze_backbone_epochs=None).apply(model.train(), 10**6)
    assert not any(p.requires_grad for p in model.backbone.parameters())
    assert not model.backbone.training


def test_the_last_blocks_learn_and_the_others_are_frozen_statistics_included():
    model = EmbeddingModel("resnet18", width=8).train()
    FineTune(last_blocks=3).apply(model, 0)
    learning = {name.rpartition(".")[0] for name, p in model.backbone.named_parameters() if p.requires_grad}
    assert {name[:8] for name in learning} == {"layer3.1", "layer4.0", "layer4.1"}
    training = {name for name, part in model.backbone.named_modules() if "bn" in name and part.training}
    assert {name[:8] for name in training} == {"layer3.1", "layer4.0", "layer4.1"}
    before = model.backbone.bn1.running_mean.clone()
    model(torch.randint(256, (4, 3, 32, 32), dtype=torch.uint8))
    assert torch.equal(model.backbone.bn1.running_mean, before)


def test_a_frozen_batch_norm_keeps_its_statistics_and_learns_its_scale():
    model = EmbeddingModel("resnet18", width=8).train()
    FineTune(freeze_batch_norm=True).apply(model, 0)
    before = model.backbone.bn1.running_mean.clone()
    images = torch.randint(256, (4, 3, 32, 32), dtype=torch.uint8)
    together, alone = model(images), torch.cat([model(image[None]) for image in images])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)  # companions do not matter
    together.sum().backward()
    assert torch.equal(model.backbone.bn1.running_mean, before)
    assert model.backbone.bn1.weight.grad is not None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"last_blocks": 0}, "last_blocks must be >= 1, got 0"),
        ({"layer_lr_decay": 0.0}, "layer_lr_decay must"),
    ],
)
def test_values_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        FineTune(**options)
