import torch
from lightly.loss import DCLLoss

from vsr.losses.dcl import DCL
from vsr.losses.ntxent import NTXent


def test_equals_lightly_on_two_views(views, agree):
    embeddings, labels = views
    theirs = DCLLoss(temperature=0.2)(embeddings[::2], embeddings[1::2])
    agree(DCL(0.2)(embeddings, labels), theirs, embeddings)


def test_equals_the_formula_with_any_number_of_positives(uneven):
    embeddings, labels = uneven
    near = (
        torch.nn.functional.normalize(embeddings, dim=1) @ torch.nn.functional.normalize(embeddings, dim=1).T
    )
    terms = [
        -near[i, p] / 0.2 + torch.log(torch.exp(near[i, labels != labels[i]] / 0.2).sum())
        for i in range(len(labels))
        for p in range(len(labels))
        if p != i and labels[p] == labels[i]
    ]
    torch.testing.assert_close(DCL(0.2)(embeddings, labels), torch.stack(terms).mean())


def test_is_below_ntxent_and_keeps_the_gradient_of_an_easy_pair():
    embeddings = torch.tensor([[1.0, 0.3], [1.0, 0.0], [-1.0, 0.0]], requires_grad=True)
    labels = torch.tensor([0, 0, 1])
    sizes = []
    for loss in (DCL(0.1), NTXent(0.1)):
        value = loss(embeddings, labels)
        sizes.append(torch.autograd.grad(value, embeddings)[0].abs().max())
    assert DCL(0.1)(embeddings, labels) < NTXent(0.1)(embeddings, labels)
    assert sizes[0] > 1
    assert sizes[1] < 1e-5


def test_is_0_with_a_single_label():
    assert DCL()(torch.randn(4, 3), torch.zeros(4, dtype=torch.int64)).item() == 0
