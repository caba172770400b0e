"""Time of a Lightning epoch against a bare PyTorch loop doing the same steps, evaluation aside.

    uv run python tests/benchmarks/lightning_overhead.py [model=resnet18] [rounds=5]

Both sides train the same network on the same batches in the same process, in turn; the ratio of the medians
is the overhead. The module, the record and the progress bar are those of a real run.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

import lightning as L
import torch
from hydra import compose, initialize_config_dir
from lightning.pytorch.callbacks import RichProgressBar

from vsr.config.assemble import datamodule, instantiate, network, plain
from vsr.training.history import Record
from vsr.training.module import VisualSearchModule

CONF = str(Path(__file__).parents[2] / "conf")
EPOCHS = 2


def parts(config):
    module = VisualSearchModule(
        network(config),
        instantiate(config["loss"], "loss"),
        instantiate(config["optimizer"], "optimizer"),
        instantiate(config["scheduler"], "scheduler"),
        instantiate(config["finetune"], "finetune"),
        config=config,
    )
    return module, datamodule(config)


class Clock(L.Callback):
    """Time from the first batch to the end of the last epoch; fit() around it is paid once a run."""

    def on_train_epoch_start(self, trainer, pl_module):
        if trainer.current_epoch == 0:
            self.began = time.perf_counter()

    def on_train_end(self, trainer, pl_module):
        self.seconds = time.perf_counter() - self.began


def lightning_seconds(config) -> float:
    module, data = parts(config)
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        trainer = L.Trainer(
            max_epochs=EPOCHS,
            accelerator="cpu",
            default_root_dir=folder,
            callbacks=[Record(), RichProgressBar(leave=False), clock],
            logger=False,
            enable_checkpointing=False,
            enable_model_summary=False,
            use_distributed_sampler=False,
            limit_val_batches=0,
        )
        trainer.fit(module, datamodule=data)
    return clock.seconds


def bare_seconds(config) -> float:
    module, data = parts(config)
    data.setup("fit")
    model, loss = module.model, module.loss
    loader = data.train_dataloader()
    module._trainer = None
    optimizer = torch.optim.AdamW([*model.parameters(), *loss.parameters()], lr=config["optimizer"]["lr"])
    scheduler = instantiate(config["scheduler"], "scheduler")(optimizer, EPOCHS * len(loader))
    model.train()
    began = time.perf_counter()
    for epoch in range(EPOCHS):
        loader.batch_sampler.set_epoch(epoch)
        for batch in loader:
            value = loss(model(batch.images.flatten(0, 1)), batch.labels[:, 0])
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            scheduler.step()
    return time.perf_counter() - began


def main() -> None:
    words = dict(word.split("=") for word in sys.argv[1:])
    rounds = int(words.get("rounds", 5))
    with initialize_config_dir(CONF, version_base="1.3"):
        config = plain(compose("train", [f"model={words.get('model', 'resnet18')}", "logger=none"]))
    bare_seconds(config)  # draws the pictures and warms up
    seconds = {"bare": [], "lightning": []}
    for _ in range(rounds):
        seconds["bare"].append(bare_seconds(config))
        seconds["lightning"].append(lightning_seconds(config))
    for name, values in seconds.items():
        print(f"{name:10} {statistics.median(values):7.3f} s, {min(values):.3f} to {max(values):.3f}")
    pairs = sorted(b / a for a, b in zip(seconds["bare"], seconds["lightning"], strict=True))
    print(
        f"lightning / bare by pair: median {statistics.median(pairs):.3f}, {pairs[0]:.3f} to {pairs[-1]:.3f}"
    )


if __name__ == "__main__":
    main()
