import pytest
from pytorch_metric_learning.losses import MultiSimilarityLoss
from pytorch_metric_learning.miners import MultiSimilarityMiner

from vsr.losses.multi_similarity import MultiSimilarity


@pytest.mark.parametrize(("alpha", "beta", "base"), [(2, 50, 0.5), (1, 10, 0.1)])
def test_without_mining_equals_pytorch_metric_learning(uneven, agree, alpha, beta, base):
    mine = MultiSimilarity(alpha, beta, base, mining=None)(*uneven)
    agree(mine, MultiSimilarityLoss(alpha, beta, base)(*uneven), uneven[0])


@pytest.mark.parametrize("mining", [0.1, -0.2])
def test_with_mining_equals_pytorch_metric_learning_with_its_miner(uneven, agree, mining):
    kept = MultiSimilarityMiner(mining)(*uneven)
    theirs = MultiSimilarityLoss()(*uneven, kept)
    agree(MultiSimilarity(mining=mining)(*uneven), theirs, uneven[0])


def test_mining_leaves_pairs_in_order_alone(uneven):
    assert MultiSimilarity()(*uneven) < MultiSimilarity(mining=None)(*uneven)


@pytest.mark.parametrize("name", ["alpha", "beta"])
def test_weights_must_be_positive(name):
    with pytest.raises(ValueError, match=f"{name} must be > 0"):
        MultiSimilarity(**{name: 0})
