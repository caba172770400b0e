import pytest
import torch

from vsr.losses.combined import Combined
from vsr.losses.contrastive import Contrastive
from vsr.losses.hierarchical import Hierarchical
from vsr.losses.infonce import InfoNCE
from vsr.losses.levels import labels_for


def test_is_the_weighted_sum(uneven):
    loss = Combined({"a": InfoNCE(), "b": Contrastive()}, {"b": 0.5})
    torch.testing.assert_close(loss(*uneven), InfoNCE()(*uneven) + 0.5 * Contrastive()(*uneven))


def test_each_loss_gets_the_labels_it_wants():
    levels = torch.tensor([[0, 0], [0, 0], [1, 0], [1, 0]])
    embeddings = torch.randn(4, 3)
    loss = Combined({"fine": InfoNCE(), "all": Hierarchical()})
    assert loss.graded
    assert not Combined({"fine": InfoNCE()}).graded
    expected = InfoNCE()(embeddings, levels[:, 0]) + Hierarchical()(embeddings, levels)
    torch.testing.assert_close(loss(embeddings, levels), expected)
    assert labels_for(InfoNCE(), levels).tolist() == [0, 0, 1, 1]
    assert labels_for(loss, levels) is levels


def test_parameters_of_the_parts_are_its_own():
    loss = Combined({"a": InfoNCE(learn_temperature=True)})
    assert [name for name, _ in loss.named_parameters()] == ["losses.a.log_temperature"]


@pytest.mark.parametrize(
    ("losses", "weights", "message"),
    [
        ({}, None, "at least one"),
        ({"a": InfoNCE()}, {"b": 1.0}, r"weights\.b names none of the losses a"),
        ({"a": InfoNCE()}, {"a": float("nan")}, r"weights\.a must be finite"),
    ],
)
def test_weights_must_fit(losses, weights, message):
    with pytest.raises(ValueError, match=message):
        Combined(losses, weights)
