"""Train with plain PyTorch and one of our losses: no Lightning, no configuration.

python docs/examples/train_with_pytorch.py photos        # class folders: photos/<label>/*.jpg
"""

import sys

import torch
from torch.utils.data import DataLoader
from torchvision import datasets, models
from torchvision.transforms import v2

from vsr.data.samplers.balanced import BalancedBatches
from vsr.losses.infonce import InfoNCE


def main(root: str, steps: int = 20) -> None:
    """Print the loss of every fifth step."""
    transform = v2.Compose([v2.ToImage(), v2.RandomResizedCrop(64), v2.ToDtype(torch.float32, scale=True)])
    photos = datasets.ImageFolder(root, transform)
    labels = torch.tensor(photos.targets)[:, None]  # (N, 1): one level of labels
    generator = torch.Generator().manual_seed(0)
    batches = BalancedBatches(batch_size=16, per_label=4).batches(labels, generator)
    network = models.resnet18(num_classes=128)
    loss = InfoNCE(temperature=0.1)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3)
    step = 0
    while step < steps:
        for images, targets in DataLoader(photos, batch_sampler=batches):
            value = loss(network(images), targets)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            if step % 5 == 0:
                print(f"step {step}: loss {value.item():.3f}")
            step += 1


if __name__ == "__main__":
    main(*sys.argv[1:])
