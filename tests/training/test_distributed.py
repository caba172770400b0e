"""Two processes learn what one learns from the whole batch: gloo, on the CPU."""

import functools
import os
import socket
from itertools import pairwise

import lightning as L
import pytest
import torch
import torch.multiprocessing as mp
from torch import nn
from torch.utils.data import DataLoader

from vsr.data.loading.dataset import Batch
from vsr.losses.infonce import InfoNCE
from vsr.losses.proxy_anchor import ProxyAnchor
from vsr.training.distributed import gather, gather_sizes, world_size
from vsr.training.embedded_batch import Embedded
from vsr.training.large_batch import LargeBatch
from vsr.training.memory import XBM, MoCo
from vsr.training.module import VisualSearchModule

LABELS = torch.tensor([0, 0, 1, 1, 2, 2, 0, 0, 1, 1])
PARTS = {"even": (4, 4), "uneven": (6, 3), "empty": (8, 0)}


class Net(nn.Module):
    """Pictures (B, 3, 2, 2) to embeddings (B, 5), in float64."""

    width = 5

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.backbone = nn.Sequential(nn.Flatten(), nn.Linear(12, 7), nn.Tanh())
        self.head = nn.Linear(7, 5)
        self.double()

    def forward(self, images):
        return self.head(self.backbone(images.double() / 255))


def pictures(step, begin, end):
    generator = torch.Generator().manual_seed(step)
    images = torch.randint(256, (10, 1, 3, 2, 2), generator=generator, dtype=torch.uint8)
    rows = (torch.arange(10) + 4 * step)[:, None]  # some return in the next step
    labels = torch.stack([LABELS.roll(step), LABELS.roll(step) // 2], dim=1)
    return Batch(images[begin:end], labels[begin:end], rows[begin:end], rows.new_zeros(0))


def parts_of(step, sizes):
    bounds = [0, *torch.tensor(sizes).cumsum(0).tolist()]
    return [pictures(step, begin, end) for begin, end in pairwise(bounds)]


class Steps(L.LightningDataModule):
    """Three steps; a rank gets its part of each, or the only process all."""

    def __init__(self, sizes):
        super().__init__()
        self.sizes = sizes

    def train_dataloader(self):
        world = self.trainer.world_size
        mine = []
        for step in range(3):
            parts = parts_of(step, self.sizes)
            whole = Batch(*(torch.cat(values) for values in zip(*(part[:4] for part in parts), strict=True)))
            mine.append(parts[self.trainer.global_rank] if world > 1 else whole)
        return DataLoader(mine, batch_size=None)


KINDS = {
    "pair loss": lambda: (InfoNCE(0.2), None, None),
    "proxy loss": lambda: (ProxyAnchor(), None, None),
    "xbm": lambda: (InfoNCE(0.2), XBM(12, start=1), None),
    "moco": lambda: (InfoNCE(0.2), MoCo(12, momentum=0.5), None),
    "chunks": lambda: (InfoNCE(0.2), XBM(12), LargeBatch(2)),
}


def train(kind, sizes, devices):
    loss, memory, large_batch = KINDS[kind]()
    optimizer = functools.partial(torch.optim.SGD, lr=0.5)
    module = VisualSearchModule(Net(), loss, optimizer, memory=memory, large_batch=large_batch)
    module.set_up(torch.stack([LABELS, LABELS // 2], dim=1))
    module.double()
    trainer = L.Trainer(
        max_epochs=1,
        accelerator="cpu",
        devices=devices,
        strategy="ddp_find_unused_parameters_true" if devices > 1 else "auto",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
        limit_val_batches=0,
    )
    trainer.fit(module, datamodule=Steps(sizes))
    return {name: value.clone() for name, value in module.state_dict().items()}


CASES = [*((kind, "uneven") for kind in KINDS), ("pair loss", "even"), ("moco", "empty")]


def in_process(rank, port, path):
    """One of two processes, as a launcher starts them; they start once, as importing takes them long."""
    os.environ.update(MASTER_ADDR="localhost", MASTER_PORT=str(port), LOCAL_RANK=str(rank), WORLD_SIZE="2")
    torch.set_num_threads(1)
    learned = {case: train(case[0], PARTS[case[1]], 2) for case in CASES}
    check_gather(rank)
    if rank == 0:
        torch.save(learned, path)


def check_gather(rank):
    sizes = gather_sizes([3, 1][rank], torch.device("cpu"))
    assert sizes == [3, 1]
    everything = torch.arange(8.0).reshape(4, 2)
    mine = (everything[:3] if rank == 0 else everything[3:]).clone().requires_grad_()
    gathered = gather(mine, sizes)
    assert torch.equal(gathered, everything)
    (gathered * (rank + 1) * everything).sum().backward()
    assert torch.equal(mine.grad, 3 * mine.detach())  # the ranks want 1 and 2 times it


@pytest.fixture(scope="module")
def of_two_processes(tmp_path_factory):
    """State after three steps of two processes, by case."""
    path = tmp_path_factory.mktemp("two") / "learned.pt"
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    mp.spawn(in_process, (port, path), nprocs=2)
    return torch.load(path)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=" ".join)
def test_three_steps_of_two_processes_are_those_of_one(of_two_processes, case):
    kind, sizes = case
    want, got = train(kind, PARTS[sizes], 1), of_two_processes[case]
    assert want.keys() == got.keys()
    for name, value in want.items():
        torch.testing.assert_close(got[name], value, rtol=1e-6, atol=1e-9, msg=name)
    assert not torch.equal(want["model.head.weight"], Net().head.weight)


def test_alone_nothing_is_gathered():
    assert world_size() == 1
    assert gather_sizes(5, torch.device("cpu")) == [5]
    one = Embedded(torch.ones(2, 3), torch.zeros(2, 1), torch.arange(2))
    assert one.on_all_devices() is one
