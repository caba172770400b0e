import pytest
import torch
import torch.nn.functional as F
from pytorch_metric_learning.losses import NTXentLoss, SelfSupervisedLoss

from vsr.losses.infonce import InfoNCE
from vsr.losses.ntxent import NTXent
from vsr.losses.two_tower import CLIP, OneWayInfoNCE


def test_one_way_equals_pytorch_metric_learning(views, agree):
    embeddings, labels = views
    theirs = SelfSupervisedLoss(NTXentLoss(0.2), symmetric=False)(embeddings[::2], embeddings[1::2])
    agree(OneWayInfoNCE(0.2)(embeddings, labels), theirs, embeddings)


def test_clip_is_the_mean_of_two_cross_entropies(views, agree):
    embeddings, labels = views
    queries, positives = F.normalize(embeddings, dim=1).view(10, 2, 6).unbind(1)
    logits, right = queries @ positives.T / 0.2, torch.arange(10)
    theirs = (F.cross_entropy(logits, right) + F.cross_entropy(logits.T, right)) / 2
    agree(CLIP(0.2)(embeddings, labels), theirs, embeddings)


def test_clip_is_not_simclrs_symmetric_loss(views):
    assert CLIP(0.2)(*views) < NTXent(0.2)(*views) - 0.1


def test_one_way_is_infonce_with_the_positives_as_references(views):
    embeddings, labels = views
    there = InfoNCE(0.2)(embeddings[::2], labels[::2], embeddings[1::2], labels[1::2])
    assert torch.equal(OneWayInfoNCE(0.2)(embeddings, labels), there)


def test_pairs_of_one_query_are_positives_of_each_other():
    embeddings = torch.eye(4)[[0, 1, 0, 1, 2, 3]]
    labels = torch.tensor([5, 5, 5, 5, 6, 6])
    alike = OneWayInfoNCE(0.1)(embeddings, labels)
    apart = OneWayInfoNCE(0.1)(embeddings, torch.tensor([5, 5, 7, 7, 6, 6]))
    torch.testing.assert_close(alike, apart)  # the same logits; a mean over both right answers or one of them


def test_learned_temperature_is_a_parameter():
    assert [name for name, _ in CLIP(learn_temperature=True).named_parameters()] == [
        "infonce.log_temperature"
    ]


@pytest.mark.parametrize("labels", [[0, 1, 0, 1], [0, 0, 1]], ids=["mixed", "odd"])
def test_rows_that_are_not_in_pairs_are_refused_with_the_mend(labels):
    with pytest.raises(ValueError, match=r"pairs of one label .* use data/positives=pairs or augment"):
        CLIP()(torch.randn(len(labels), 3), torch.tensor(labels))
