import sys

import pytest
import torch
from pytorch_metric_learning import distances, losses, miners

from vsr.losses import PML


def test_gives_what_the_library_gives(uneven):
    assert torch.equal(PML("LiftedStructureLoss")(*uneven), losses.LiftedStructureLoss()(*uneven))


def test_options_miner_and_distance_are_handed_on(uneven):
    mine = PML(
        "TripletMarginLoss",
        {"margin": 0.3},
        "BatchEasyHardMiner",
        {"pos_strategy": "easy"},
        "LpDistance",
        {"power": 2},
    )
    theirs = losses.TripletMarginLoss(0.3, distance=distances.LpDistance(power=2))
    mined = miners.BatchEasyHardMiner(pos_strategy="easy")(*uneven)
    torch.testing.assert_close(mine(*uneven), theirs(*uneven, mined))


@pytest.mark.parametrize(
    ("name", "options"), [("SoftTripleLoss", {"centers_per_class": 2}), ("P2SGradLoss", {})], ids=str
)
def test_a_loss_with_weights_for_labels_is_told_them(name, options):
    loss = PML(name, options)
    labels = torch.tensor([50, 9, 50, 2**40])
    loss.set_up(labels, 4)
    embeddings = torch.randn(4, 4, requires_grad=True)
    loss(embeddings, labels).backward()
    weight = next(loss.parameters())
    assert weight.grad.abs().sum() > 0
    assert 4 in weight.shape
    again = PML(name, options)
    again.set_up(labels, 4, seed=1)
    again.load_state_dict(loss.state_dict())
    assert torch.equal(again(embeddings, labels), loss(embeddings, labels))


def test_without_set_up_it_says_so():
    with pytest.raises(ValueError, match="ArcFaceLoss has no weights yet"):
        PML("ArcFaceLoss")(torch.ones(1, 2), torch.tensor([0]))


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match=r"no losses\.TripletLoss; did you mean .*TripletMarginLoss"):
        PML("TripletLoss")
    with pytest.raises(ValueError, match=r"no miners\.BatchHard; did you mean 'BatchHardMiner'"):
        PML("TripletMarginLoss", miner="BatchHard")


def test_a_refused_option_names_the_class():
    with pytest.raises(ValueError, match=r"losses\.TripletMarginLoss .* refuses its options: .*margn"):
        PML("TripletMarginLoss", {"margn": 1})


def test_without_the_library_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pytorch_metric_learning.losses", None)
    with pytest.raises(ValueError, match=r"pip install 'vsr\[pml\]'"):
        PML("TripletMarginLoss")
