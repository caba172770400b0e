import pytest
import torch
import torch.nn.functional as F

from vsr.losses.recall_at_k import RecallAtK


def plain(embeddings, labels, ks, rank_temperature, recall_temperature):
    """The formula of the docstring, in loops."""
    unit = F.normalize(embeddings, dim=1)
    near = unit @ unit.T
    recalls = []
    for i in range(len(labels)):
        others = [j for j in range(len(labels)) if j != i]
        positives = [j for j in others if labels[j] == labels[i]]
        if not positives:
            continue
        ranks = [
            1 + sum(torch.sigmoid((near[i, j] - near[i, p]) / rank_temperature) for j in others if j != p)
            for p in positives
        ]
        for k in ks:
            found = sum(torch.sigmoid((k - rank) / recall_temperature) for rank in ranks)
            recalls.append(found / min(k, len(positives)))
    return 1 - sum(recalls) / len(recalls)


@pytest.mark.parametrize(("ks", "u"), [((1, 2, 4, 8, 16), 1.0), ((3,), 0.2)])
def test_equals_the_papers_formula(uneven, agree, ks, u):
    agree(RecallAtK(ks, 0.05, u)(*uneven), plain(*uneven, ks, 0.05, u), uneven[0])


def test_comes_to_1_minus_recall_as_the_temperatures_fall():
    embeddings = torch.tensor([[1.0, 0.0], [0.9, 0.3], [0.0, 1.0], [0.3, 0.9], [-1.0, 0.2]])
    labels = torch.tensor([0, 0, 1, 1, 0])  # the last one is the farthest of the first two
    # Row 0: 1 of its 2 in the first 3; row 1: 1 of 2; rows 2 and 3: 1 of 1; row 4, next to rows 2, 3: 1 of 2.
    got = RecallAtK([3], 1e-4, 0.01)(embeddings.double(), labels)
    near = F.normalize(embeddings, dim=1) @ F.normalize(embeddings, dim=1).T
    near.fill_diagonal_(-2)
    top = near.topk(3).indices
    hits = (labels[top] == labels[:, None]).double()
    at_3 = (top == top[:, 2:]) & (hits > 0)  # a positive at rank k itself counts half
    expected = ((hits.sum(1) - at_3.sum(1) / 2) / torch.tensor([2, 2, 1, 1, 2])).mean()
    assert got.item() == pytest.approx(1 - expected.item(), abs=1e-6)


@pytest.mark.parametrize("ks", [[], [0], [1, -1]])
def test_ks_must_be_whole_ranks(ks):
    with pytest.raises(ValueError, match="ks must be at least one number >= 1"):
        RecallAtK(ks)


@pytest.mark.parametrize("name", ["rank_temperature", "recall_temperature"])
def test_temperatures_must_be_positive(name):
    with pytest.raises(ValueError, match=f"{name} must be > 0"):
        RecallAtK(**{name: 0.0})
