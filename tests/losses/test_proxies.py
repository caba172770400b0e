import pytest
import torch

from vsr.losses.combined import Combined
from vsr.losses.infonce import InfoNCE
from vsr.losses.proxies import index_of, set_up
from vsr.losses.softmax import NormSoftmax

LABELS = torch.tensor([40, 7, 2**40, 7, 40])  # codes of a catalogue: neither 0.. nor without gaps


def test_every_training_label_gets_a_proxy_of_unit_length():
    loss = NormSoftmax()
    loss.set_up(LABELS, 5)
    assert loss.known.tolist() == [7, 40, 2**40]
    assert loss.proxies.shape == (3, 5)
    torch.testing.assert_close(loss.proxies.norm(dim=1), torch.ones(3))


def test_proxies_depend_on_the_seed_and_leave_the_global_generator_alone():
    state = torch.get_rng_state()
    made = []
    for seed in (0, 0, 1):
        loss = NormSoftmax()
        loss.set_up(LABELS, 5, seed)
        made.append(loss.proxies)
    assert torch.equal(made[0], made[1])
    assert not torch.equal(made[0], made[2])
    assert torch.equal(torch.get_rng_state(), state)


def test_labels_find_their_places_whatever_their_values():
    assert index_of(LABELS, torch.tensor([7, 40, 2**40])).tolist() == [1, 0, 2, 0, 1]


@pytest.mark.parametrize("label", [6, 8, 2**50])
def test_a_label_outside_training_is_named(label):
    with pytest.raises(ValueError, match=f"label {label} has no proxy"):
        index_of(torch.tensor([7, label]), torch.tensor([7, 40]))


def test_set_up_reaches_the_parts_of_a_sum_and_leaves_others_alone():
    loss = Combined({"pairs": InfoNCE(), "proxies": NormSoftmax()})
    set_up(loss, LABELS, 5)
    assert [name for name, _ in loss.named_parameters()] == ["losses.proxies.proxies"]
    set_up(InfoNCE(), LABELS, 5)


def test_without_set_up_it_says_so():
    with pytest.raises(ValueError, match="NormSoftmax has no proxies yet"):
        NormSoftmax()(torch.ones(1, 2), torch.tensor([0]))


def test_embeddings_of_another_width_are_refused():
    loss = NormSoftmax()
    loss.set_up(LABELS, 5)
    with pytest.raises(ValueError, match=r"embeddings must be \(B, 5\) like the proxies"):
        loss(torch.ones(1, 4), torch.tensor([7]))


def test_a_picture_pulls_its_own_proxy_and_pushes_the_others():
    loss = NormSoftmax(0.2)
    loss.set_up(LABELS, 5)
    before = loss.proxies.detach().clone()
    picture = torch.nn.functional.normalize(torch.randn(1, 5), dim=1)
    loss(picture, torch.tensor([40])).backward()
    after = before - 0.01 * loss.proxies.grad
    moved = (torch.nn.functional.normalize(after, dim=1) - before) @ picture[0]
    assert (moved > 0).tolist() == [False, True, False]
