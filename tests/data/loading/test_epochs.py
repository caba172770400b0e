import pytest
import torch

from vsr.data.loading.epochs import EpochBatches
from vsr.data.loading.positives import Examples
from vsr.data.samplers.balanced import BalancedBatches
from vsr.data.samplers.random import RandomBatches
from vsr.errors import ConfigError


def examples_of(*counts, views=1):
    labels = torch.tensor([label for label, count in enumerate(counts) for _ in range(count)])
    return Examples(torch.arange(len(labels))[:, None].repeat(1, views), labels[:, None])


def pairs_of(*pairs):
    rows = torch.tensor(pairs)
    return Examples(rows, rows[:, :1])


EXAMPLES = examples_of(*[6] * 12)
SAMPLER = BalancedBatches(8, 2)


def test_an_epoch_is_a_function_of_seed_and_epoch():
    def dealt(seed, epoch):
        batches = EpochBatches(SAMPLER, EXAMPLES, seed)
        batches.set_epoch(epoch)
        torch.rand(3)
        return list(batches)

    assert dealt(0, 3) == dealt(0, 3)
    assert len({str(dealt(seed, epoch)) for seed in range(2) for epoch in range(3)}) == 6


def test_dealing_leaves_the_global_generator_alone():
    state = torch.get_rng_state()
    list(EpochBatches(SAMPLER, EXAMPLES))
    assert torch.equal(torch.get_rng_state(), state)


def test_every_example_has_a_seed_of_its_own():
    seeds = [seed for batch in EpochBatches(SAMPLER, EXAMPLES) for _, seed in batch]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**63 for seed in seeds)


@pytest.mark.parametrize("world_size", [2, 3, 4])
def test_ranks_share_one_epoch_in_equal_parts(world_size):
    whole = list(EpochBatches(SAMPLER, EXAMPLES, seed=5))
    ranks = [EpochBatches(SAMPLER, EXAMPLES, 5, rank, world_size) for rank in range(world_size)]
    parts = [list(rank) for rank in ranks]
    assert {len(part) for part in parts} == {len(whole) // world_size} == {len(rank) for rank in ranks}
    merged = [batch for step in zip(*parts, strict=True) for batch in step]
    assert merged == whole[: len(merged)]  # the draws too: they do not depend on the number of devices


def test_lightning_finds_set_epoch():
    batches = EpochBatches(SAMPLER, EXAMPLES)
    batches.sampler.set_epoch(4)
    assert batches.epoch == 4


def test_it_is_no_torch_batch_sampler():
    assert not isinstance(EpochBatches(SAMPLER, EXAMPLES), torch.utils.data.Sampler)


@pytest.mark.parametrize(
    ("sampler", "examples", "message"),
    [
        (RandomBatches(4), examples_of(*[1] * 20), "no batch .* holds two pictures.*sampler=balanced"),
        (BalancedBatches(4, 1), EXAMPLES, r"sampler\.per_label >= 2, or data/positives=augment"),
        (RandomBatches(4), examples_of(9), "has 1 label with pictures"),
        (BalancedBatches(4, 2), examples_of(9), "no batch can hold a negative"),
    ],
)
def test_batches_that_teach_nothing_are_refused(sampler, examples, message):
    with pytest.raises(ConfigError, match=message):
        EpochBatches(sampler, examples)


def test_several_views_bring_their_positive():
    assert len(EpochBatches(RandomBatches(4), examples_of(*[1] * 20, views=2))) == 5


def test_fewer_batches_than_devices_are_refused():
    with pytest.raises(ConfigError, match=r"has 9 batches for 10 devices; lower sampler\.batch_size"):
        EpochBatches(SAMPLER, EXAMPLES, rank=0, world_size=10)


def test_few_positives_are_warned_of(caplog):
    EpochBatches(RandomBatches(4), examples_of(*[2] * 40))
    assert "of the pictures meet another of their label" in caplog.text


@pytest.mark.parametrize(
    ("sampler", "warned"),
    [
        (BalancedBatches(200, 100), "no batch holds more than 12 examples of sampler.batch_size=200"),
        (
            BalancedBatches(100, 2),
            "no batch holds more than 24 examples of sampler.batch_size=100: training has 72 of 12 labels",
        ),
        (RandomBatches(100), "no batch holds more than 72 examples of sampler.batch_size=100"),
        (SAMPLER, None),
    ],
)
def test_batches_smaller_than_asked_for_are_warned_of(caplog, sampler, warned):
    EpochBatches(sampler, EXAMPLES)
    assert caplog.text == "" if warned is None else warned in caplog.text


def clashes(group, examples):
    held = {}
    for index, _ in group:
        for row in examples.rows[index].tolist():
            held.setdefault(row, set()).add(int(examples.labels[index, 0]))
    return [row for row, labels in held.items() if len(labels) > 1]


@pytest.mark.parametrize("world_size", [1, 2])
def test_a_picture_never_meets_itself_under_another_label(world_size):
    n = 60
    chain = pairs_of(*[(row, (row + step) % n) for row in range(n) for step in (1, 2)])
    ranks = [EpochBatches(RandomBatches(6), chain, 0, rank, world_size) for rank in range(world_size)]
    for epoch in range(3):
        for rank in ranks:
            rank.set_epoch(epoch)
        steps = [[pair for batch in step for pair in batch] for step in zip(*ranks, strict=True)]
        assert len(steps) == len(ranks[0])
        assert not any(clashes(step, chain) for step in steps)
        used = [index for step in steps for index, _ in step]
        assert len(set(used)) == len(used)
        assert len(used) > 0.85 * len(chain.rows)


def test_the_clashes_are_there_when_nobody_keeps_them_apart():
    chain = pairs_of(*[(row, (row + 1) % 20) for row in range(20)])
    plain = RandomBatches(10).batches(chain.labels, torch.Generator().manual_seed(0))
    assert any(clashes([(index, 0) for index in batch], chain) for batch in plain)


def test_a_query_with_several_positives_may_keep_them_in_one_batch():
    star = pairs_of(*[(query, query + other) for query in (0, 10) for other in range(1, 5)])
    batches = list(EpochBatches(RandomBatches(8), star))
    assert [len(batch) for batch in batches] == [8]
