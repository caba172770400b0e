import math

import pytest
import torch
from pytorch_metric_learning import losses as pml

from vsr.losses.softmax import ArcFace, CosFace, NormSoftmax, ProxyNCA, SubcenterArcFace, turned

N_LABELS, WIDTH = 9, 6  # one label more than the batch has
PEERS = {
    "norm_softmax": (NormSoftmax(0.1), lambda: pml.NormalizedSoftmaxLoss(N_LABELS, WIDTH, 0.1)),
    "proxy_nca": (ProxyNCA(1 / 9), lambda: pml.ProxyNCALoss(N_LABELS, WIDTH, softmax_scale=9)),
    "cosface": (CosFace(0.35, 20), lambda: pml.CosFaceLoss(N_LABELS, WIDTH, margin=0.35, scale=20)),
    "arcface": (
        ArcFace(math.radians(28.6), 20),
        lambda: pml.ArcFaceLoss(N_LABELS, WIDTH, margin=28.6, scale=20),
    ),
    "wide": (ArcFace(1.5, 20), lambda: pml.ArcFaceLoss(N_LABELS, WIDTH, margin=math.degrees(1.5), scale=20)),
    "subcenter_arcface": (
        SubcenterArcFace(math.radians(28.6), 20, 3),
        lambda: pml.SubCenterArcFaceLoss(num_classes=N_LABELS, embedding_size=WIDTH, scale=20, sub_centers=3),
    ),
}


@pytest.mark.parametrize("name", PEERS)
def test_equals_pytorch_metric_learning(uneven, agree, name):
    embeddings, labels = uneven
    mine, theirs = PEERS[name][0], PEERS[name][1]().double()
    mine.set_up(torch.arange(N_LABELS), WIDTH)
    mine.double()
    weight = next(theirs.parameters())
    with torch.no_grad():
        if name == "subcenter_arcface":  # there a label's proxies lie side by side
            order = torch.arange(3 * N_LABELS).reshape(3, N_LABELS).T.flatten()
            mine.proxies.copy_(mine.proxies[order.argsort()])
            weight.copy_(mine.proxies[order].T)
        else:
            weight.copy_(mine.proxies if weight.shape == mine.proxies.shape else mine.proxies.T)
    # NormalizedSoftmaxLoss takes embeddings as they come: unit ones are what it is meant for.
    a = mine(embeddings, labels)
    b = theirs(torch.nn.functional.normalize(embeddings, dim=1), labels)
    agree(a, b, embeddings, 1e-7)
    sizes = torch.autograd.grad(a, mine.proxies)[0].norm(), torch.autograd.grad(b, weight)[0].norm()
    torch.testing.assert_close(*sizes)


def test_proxy_nca_is_norm_softmax_at_half_its_temperature(uneven):
    made = [ProxyNCA(0.3), NormSoftmax(0.15)]
    for loss in made:
        loss.set_up(torch.arange(8), WIDTH)
        loss.double()
    torch.testing.assert_close(made[0](*uneven), made[1](*uneven))


def test_a_margin_turns_the_angle_and_never_turns_back():
    angles = torch.linspace(0.01, math.pi - 0.01, 200, dtype=torch.float64)
    got = turned(angles.cos(), 0.5)
    within = angles <= math.pi - 0.5
    torch.testing.assert_close(got[within], (angles[within] + 0.5).cos())
    assert (got.diff() < 0).all()


@pytest.mark.parametrize("cosine", [1.0, -1.0])
def test_a_margin_has_a_finite_slope_where_arccos_has_none(cosine):
    cosines = torch.tensor([cosine], requires_grad=True)
    turned(cosines, 0.5).sum().backward()
    assert cosines.grad.isfinite().all()


def test_the_nearest_of_a_labels_proxies_counts():
    loss = SubcenterArcFace(per_label=2)
    loss.set_up(torch.arange(2), 2)
    with torch.no_grad():
        loss.proxies.copy_(torch.tensor([[1.0, 0], [-1, 0], [0, 1], [0, -1]]))
    picture = torch.tensor([[0.1, 0.9]])
    assert loss(picture, torch.tensor([0])) < 1e-3 < loss(picture, torch.tensor([1]))


@pytest.mark.parametrize("loss", [NormSoftmax, ProxyNCA])
def test_temperature_must_be_positive(loss):
    with pytest.raises(ValueError, match="temperature must be > 0"):
        loss(0)


@pytest.mark.parametrize(
    ("loss", "options", "message"),
    [
        (CosFace, {"margin": -0.1}, "margin must be >= 0"),
        (CosFace, {"scale": 0}, "scale must be > 0"),
        (ArcFace, {"margin": 28.6}, r"radians, 0\.\.π/2, got 28\.6"),
        (SubcenterArcFace, {"per_label": 0}, "per_label must be >= 1"),
    ],
)
def test_values_must_be_in_range(loss, options, message):
    with pytest.raises(ValueError, match=message):
        loss(**options)
