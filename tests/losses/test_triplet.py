import pytest
import torch
import torch.nn.functional as F
from pytorch_metric_learning.losses import TripletMarginLoss
from pytorch_metric_learning.miners import BatchHardMiner, TripletMarginMiner
from pytorch_metric_learning.reducers import MeanReducer

from vsr.losses.triplet import BatchAllTriplet, BatchHardTriplet, SemiHardTriplet


def triplets(embeddings, labels):
    """d_ap - d_an of every triplet, in loops."""
    unit = F.normalize(embeddings, dim=1)
    apart = torch.cdist(unit, unit)
    n = range(len(labels))
    return torch.stack(
        [
            apart[a, p] - apart[a, q]
            for a in n
            for p in n
            for q in n
            if p != a and labels[a] == labels[p] != labels[q]
        ]
    )


@pytest.mark.parametrize("margin", [0.05, 0.2, 1.0])
def test_batch_all_equals_pytorch_metric_learning(uneven, agree, margin):
    agree(BatchAllTriplet(margin)(*uneven), TripletMarginLoss(margin)(*uneven), uneven[0], 1e-7)


def test_batch_all_with_the_soft_margin_is_the_mean_over_all_triplets(uneven, agree):
    agree(BatchAllTriplet(None)(*uneven), F.softplus(triplets(*uneven)).mean(), uneven[0], 1e-7)


@pytest.mark.parametrize("margin", [0.1, 0.4])
def test_semi_hard_equals_pytorch_metric_learning_with_its_miner(uneven, agree, margin):
    mined = TripletMarginMiner(margin, "semihard")(*uneven)
    agree(SemiHardTriplet(margin)(*uneven), TripletMarginLoss(margin)(*uneven, mined), uneven[0], 1e-7)


@pytest.mark.parametrize("margin", [0.05, 0.2])
def test_batch_hard_is_pytorch_metric_learnings_with_a_plain_mean(uneven, agree, margin):
    hard = BatchHardMiner()(*uneven)
    theirs = TripletMarginLoss(margin, reducer=MeanReducer())(*uneven, hard)
    agree(BatchHardTriplet(margin)(*uneven), theirs, uneven[0], 1e-7)


def test_batch_hard_counts_anchors_that_keep_the_margin_as_0(uneven):
    with torch.no_grad():
        apart = F.normalize(uneven[0], dim=1) + 6 * F.one_hot(uneven[1] % 6, 6)
    apart[0] = apart[uneven[1] != uneven[1][0]][0]  # one picture among strangers, the others in order
    hard = BatchHardMiner()(apart, uneven[1])
    theirs = TripletMarginLoss(0.2)(apart, uneven[1], hard)
    assert 0 < BatchHardTriplet(0.2)(apart, uneven[1]) < theirs


def test_batch_hard_with_the_soft_margin_by_hand():
    embeddings = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    labels = torch.tensor([0, 0, 1])  # anchor 0: sqrt 2 against 2; anchor 1: sqrt 2 against sqrt 2
    expected = (F.softplus(torch.tensor(2**0.5 - 2)) + F.softplus(torch.tensor(0.0))) / 2
    torch.testing.assert_close(BatchHardTriplet(None)(embeddings, labels), expected)


@pytest.mark.parametrize("loss", [BatchAllTriplet, SemiHardTriplet, BatchHardTriplet])
def test_margin_must_be_positive(loss):
    with pytest.raises(ValueError, match="margin must be > 0"):
        loss(0.0)
