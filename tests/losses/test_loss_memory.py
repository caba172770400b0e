"""Every loss takes under 1 GiB for a batch of 4,096: what would be O(B³) is summed in blocks."""

import subprocess
import sys

import pytest
from torch import nn

import vsr.losses

SCRIPT = """
import resource, sys
import torch
import vsr.losses
from vsr.losses import *

torch.set_num_threads(1)

def step(loss, size):
    embeddings = torch.randn(size, 128, requires_grad=True)
    labels = torch.arange(size) // 4
    if getattr(loss, "graded", False):  # as many levels as species have ranks
        labels = torch.stack([labels >> level for level in range(7)], dim=1)
    loss(embeddings, labels).backward()

name, limit = sys.argv[1], int(sys.argv[2])
losses = {"Combined": lambda: Combined({"a": InfoNCE(), "b": ProxyAnchor()})}
loss = losses.get(name, getattr(vsr.losses, name))()
set_up(loss, torch.arange(2000), 128)
step(loss, 32)
held = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (held + limit, held + limit))
step(loss, 4096)
"""
ABSTRACT = {"PairLoss", "ProxyLoss", "PML"}
LOSSES = {
    name
    for name in dir(vsr.losses)
    if isinstance(one := getattr(vsr.losses, name), type) and issubclass(one, nn.Module)
}
NAMES = sorted(LOSSES - ABSTRACT)


def run(name, limit_mib):
    command = [sys.executable, "-c", SCRIPT, name, str(limit_mib * 2**20)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_batch_of_4096_takes_less_than_a_gibibyte(name):
    done = run(name, 1024)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_limit_is_felt():
    assert "memory" in run("InfoNCE", 64).stderr
