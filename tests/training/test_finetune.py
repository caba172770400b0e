import pytest
import torch

from vsr.models import EmbeddingModel
from vsr.training import FineTune


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
