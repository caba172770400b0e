import inspect
import sys

import pytest
import torch
from pytorch_metric_learning import distances, losses, miners

from vsr.errors import ConfigError
from vsr.losses.pml import PML

NEEDED = {"RankedListLoss": {"margin": 1.0, "Tn": 1.0}}
ABSTRACT = {"BaseMetricLossFunction", "GenericPairLoss"}
NO_LABELS = {"VICRegLoss", "ManifoldLoss"}
LOSSES = {
    name
    for name, one in vars(losses).items()
    if inspect.isclass(one) and issubclass(one, losses.BaseMetricLossFunction)
}


def test_gives_what_the_library_gives(uneven):
    assert torch.equal(PML("LiftedStructureLoss")(*uneven), losses.LiftedStructureLoss()(*uneven))


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", sorted(LOSSES - ABSTRACT - NO_LABELS))
def test_every_loss_of_the_library_takes_two_steps(name):
    embeddings = torch.randn(24, 6, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(24) // 4
    loss = PML(name, NEEDED.get(name))
    loss.set_up(labels, 6)
    for _ in range(2):
        leaf = embeddings.clone().requires_grad_()
        value = loss(leaf, labels)
        value.backward()
        assert value.isfinite()
        assert leaf.grad.isfinite().all()


@pytest.mark.parametrize(
    "name", ["BaseMetricLossFunction", "CrossBatchMemory", "WeightRegularizerMixin", "MultipleLosses"]
)
def test_what_is_no_loss_by_itself_is_refused(name):
    with pytest.raises(ConfigError, match=rf"no losses\.{name} that stands by itself"):
        PML(name)


def test_a_loss_that_takes_no_labels_says_so(uneven):
    with pytest.raises(ConfigError, match="VICRegLoss of pytorch-metric-learning refuses the batch: labels"):
        PML("VICRegLoss")(*uneven)


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
    with pytest.raises(ValueError, match=r"uv sync --extra pml"):
        PML("TripletMarginLoss")
