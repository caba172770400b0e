import pytest
import torch
import torch.nn.functional as F
from pytorch_metric_learning.losses import SmoothAPLoss

from vsr.losses.smooth_ap import SmoothAP


def plain(embeddings, labels, temperature, with_anchor=False):
    """The formula of the docstring in loops; with the anchor counted it is the paper's code."""
    unit = F.normalize(embeddings, dim=1)
    near = unit @ unit.T
    averages = []
    for i in range(len(labels)):
        others = [j for j in range(len(labels)) if j != i or with_anchor]
        positives = [j for j in others if labels[j] == labels[i]]
        if not positives:
            continue
        terms = []
        for p in positives:
            soft = {j: torch.sigmoid((near[i, j] - near[i, p]) / temperature) for j in others if j != p}
            terms.append((1 + sum(soft[q] for q in positives if q != p)) / (1 + sum(soft.values())))
        averages.append(sum(terms) / len(terms))
    return 1 - sum(averages) / len(averages)


@pytest.mark.parametrize("temperature", [0.01, 0.3])
def test_equals_the_papers_formula_without_the_anchor(uneven, agree, temperature):
    agree(SmoothAP(temperature)(*uneven), plain(*uneven, temperature), uneven[0])


def test_counting_the_anchor_itself_would_flatter():
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(32) // 4
    centers = torch.randn(8, 6, generator=generator, dtype=torch.float64)
    embeddings = centers[labels] + torch.randn(32, 6, generator=generator, dtype=torch.float64)
    flattered = plain(embeddings, labels, 0.01, with_anchor=True)
    assert flattered < SmoothAP()(embeddings, labels) - 0.05


def test_pytorch_metric_learning_counts_the_anchor_and_is_right_for_as_many_labels_as_pictures_of_each():
    generator = torch.Generator().manual_seed(0)
    for n_labels, each, same in ((4, 4, True), (8, 2, False)):
        labels = torch.arange(n_labels * each) // each
        embeddings = torch.randn(len(labels), 5, generator=generator, dtype=torch.float64)
        theirs = SmoothAPLoss(0.01)(embeddings, labels)
        counted = plain(embeddings, labels, 0.01, with_anchor=True)
        assert (abs(theirs - counted) < 1e-6) == same


def test_comes_to_1_minus_map_as_the_temperature_falls():
    from sklearn.metrics import average_precision_score

    generator = torch.Generator().manual_seed(0)
    embeddings = torch.randn(20, 4, generator=generator, dtype=torch.float64)
    labels = torch.arange(20) % 4
    unit = F.normalize(embeddings, dim=1)
    averages = []
    for i in range(20):
        others = torch.arange(20) != i
        averages.append(average_precision_score(labels[others] == labels[i], (unit @ unit[i])[others]))
    got = SmoothAP(1e-6)(embeddings, labels)
    assert got.item() == pytest.approx(1 - sum(averages) / 20, abs=1e-6)
