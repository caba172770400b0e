import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pytorch_metric_learning.losses import SupConLoss

from vsr.losses.infonce import InfoNCE
from vsr.losses.supcon import SupConIn


def plain(embeddings, labels, temperature):
    """The formula of the docstring, in loops."""
    rows = [row / row.norm() for row in embeddings.double()]
    per_anchor = []
    for i, label in enumerate(labels.tolist()):
        e = {a: math.exp(float(rows[i] @ rows[a]) / temperature) for a in range(len(rows)) if a != i}
        positives = [e[p] for p in e if labels[p] == label]
        if positives:
            per_anchor.append(-math.log(sum(positives) / len(positives) / sum(e.values())))
    return sum(per_anchor) / len(per_anchor) if per_anchor else 0.0


@settings(max_examples=40, deadline=None)
@given(labels=st.lists(st.integers(0, 3), min_size=1, max_size=10), seed=st.integers(0, 999))
def test_equals_the_papers_formula(labels, seed):
    generator = torch.Generator().manual_seed(seed)
    embeddings = torch.randn(len(labels), 4, dtype=torch.float64, generator=generator)
    got = SupConIn(0.2)(embeddings, torch.tensor(labels))
    assert got.item() == pytest.approx(plain(embeddings, torch.tensor(labels), 0.2), rel=1e-9, abs=1e-12)


def test_infonce_is_the_other_form_l_out(uneven, agree):
    agree(InfoNCE(0.1)(*uneven), SupConLoss(0.1)(*uneven), uneven[0])


def test_l_in_is_below_l_out_and_equal_for_single_positives(uneven, views):
    assert SupConIn(0.1)(*uneven) < InfoNCE(0.1)(*uneven) - 0.01
    torch.testing.assert_close(SupConIn(0.1)(*views), InfoNCE(0.1)(*views))


def test_keeps_its_gradient_at_low_temperature_in_float32():
    embeddings = torch.tensor([[1.0, 0.1], [-1.0, 0.1], [1.0, 0.12]], requires_grad=True)
    SupConIn(0.02)(embeddings, torch.tensor([0, 0, 1])).backward()
    assert embeddings.grad.abs().max() > 1
