import torch

from vsr.losses.pairs import PairLoss, distances, mean_of, mean_where


def compare(*arguments):
    return PairLoss().compare(*arguments)


def test_a_batch_is_compared_with_itself_but_no_picture_with_itself():
    pairs = compare(torch.tensor([[3.0, 0], [0, 2], [1, 0]]), torch.tensor([7, 7, 8]))
    assert pairs.similarities.tolist() == [[1, 0, 1], [0, 1, 0], [1, 0, 1]]
    assert pairs.positive.tolist() == [[False, True, False], [True, False, False], [False, False, False]]
    assert pairs.negative.tolist() == [[False, False, True], [False, False, True], [True, True, False]]


def test_own_column_is_neither_positive_nor_negative_and_copies_of_a_picture_are_positive():
    picture = torch.tensor([[1.0, 0.0]])
    memory = torch.tensor([[0.0, 1.0], [1.0, 0.0], [1.0, 0.0]])
    labels = torch.tensor([4]), torch.tensor([5, 4, 4])
    pairs = compare(picture, labels[0], memory, labels[1], torch.tensor([2]))
    assert pairs.positive.tolist() == [[False, True, False]]
    assert pairs.negative.tolist() == [[True, False, False]]
    pairs = compare(picture, labels[0], memory, labels[1], torch.tensor([-1]))
    assert pairs.positive.tolist() == [[False, True, True]]


def test_labels_that_float32_would_merge_stay_apart():
    labels = torch.tensor([2**24, 2**24 + 1, 2**53, 2**53 + 1])
    assert not compare(torch.ones(4, 2), labels).positive.any()


def test_means_of_nothing_are_a_differentiable_0():
    values = torch.tensor([1.0, 5.0], requires_grad=True)
    assert mean_where(values, torch.tensor([False, True])).item() == 5
    nothing = mean_where(values, torch.tensor([False, False])) + mean_of(values[:0])
    nothing.backward()
    assert nothing.item() == 0
    assert values.grad.tolist() == [0, 0]


def test_distances_are_those_of_unit_vectors_and_finite_in_slope_at_0():
    similarities = torch.tensor([1.0, 0.0, -1.0], requires_grad=True)
    got = distances(similarities)
    torch.testing.assert_close(got, torch.tensor([0.0, 2**0.5, 2.0]), atol=1e-5, rtol=1e-6)
    got.sum().backward()
    assert similarities.grad.isfinite().all()
