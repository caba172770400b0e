import pytest
import torch
from pytorch_metric_learning.distances import DotProductSimilarity
from pytorch_metric_learning.losses import NPairsLoss

from vsr.losses.npair import NPair


def test_first_against_second_pictures_equals_pytorch_metric_learning(views, agree):
    embeddings, labels = views
    theirs = NPairsLoss(distance=DotProductSimilarity(normalize_embeddings=False))(embeddings, labels)
    mine = NPair(0)(embeddings[::2], labels[::2], embeddings[1::2], labels[1::2])
    torch.testing.assert_close(mine, theirs)


def test_a_batch_against_itself_has_the_other_anchors_as_negatives_too(uneven):
    embeddings, labels = uneven
    terms = []
    for i in range(len(labels)):
        for p in range(len(labels)):
            if p != i and labels[p] == labels[i]:
                apart = embeddings[i] @ embeddings[labels != labels[i]].T - embeddings[i] @ embeddings[p]
                terms.append(torch.log(1 + apart.exp().sum()))
    torch.testing.assert_close(NPair(0)(embeddings, labels), torch.stack(terms).mean())


def test_lengths_are_pulled_in():
    embeddings = torch.tensor([[3.0, 4.0], [0.0, 1.0]])
    assert NPair(0.1)(embeddings, torch.tensor([0, 1])).item() == pytest.approx(0.1 * (25 + 1) / 2)


def test_longer_embeddings_make_a_sharper_softmax(views):
    embeddings, labels = views[0].detach(), views[1]
    assert NPair(0)(3 * embeddings, labels) != pytest.approx(NPair(0)(embeddings, labels).item())


def test_length_weight_must_not_be_negative():
    with pytest.raises(ValueError, match="length_weight must be >= 0"):
        NPair(-1)
