"""Train 3 epochs = train some, stop, resume: to the last bit, with everything that remembers."""

import pytest
import torch
from lightning.pytorch.callbacks import EMAWeightAveraging

from vsr.data.samplers.balanced import BalancedBatches
from vsr.data.samplers.hard_class import HardClassBatches
from vsr.errors import ConfigError
from vsr.losses.infonce import InfoNCE
from vsr.training.class_means import ClassMeans
from vsr.training.large_batch import LargeBatch
from vsr.training.memory import XBM, MoCo

KINDS = {
    "xbm": lambda: {"memory": XBM(20, start=3)},
    "moco": lambda: {"memory": MoCo(20, momentum=0.9)},
    "hard_class": lambda: {
        "sampler": HardClassBatches(8, 2),
        "callbacks": [lambda data: ClassMeans(data.sampler, data.examples.labels[:, 0])],
    },
    "ema": lambda: {"callbacks": [lambda data: EMAWeightAveraging(decay=0.9)], "memory": XBM(20)},
    "chunks": lambda: {"large_batch": LargeBatch(3), "memory": XBM(20)},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore:The dirpath has changed")
def test_a_resumed_run_is_the_same_to_the_last_bit(tiny_fit, kind):
    whole, folder = tiny_fit(epochs=3, loss=InfoNCE(learn_temperature=True), **KINDS[kind]())
    want = whole.state_dict()
    # The end of the first epoch, its last step, and the middle of the second.
    for stop in ("epoch=0", "step=6", "step=9"):
        resumed, _ = tiny_fit(
            3, folder / f"{stop}.ckpt", loss=InfoNCE(learn_temperature=True), **KINDS[kind]()
        )
        assert resumed.trainer.global_step == 18
        got = resumed.state_dict()
        assert want.keys() == got.keys()
        for name, value in want.items():
            assert torch.equal(value, got[name]), (stop, name)


def test_hard_classes_change_what_is_learned(tiny_fit):
    hard, _ = tiny_fit(epochs=2, **KINDS["hard_class"]())
    plain, _ = tiny_fit(epochs=2, sampler=BalancedBatches(8, 2))
    first, _ = tiny_fit(epochs=1, **KINDS["hard_class"]())
    same, _ = tiny_fit(epochs=1, sampler=BalancedBatches(8, 2))
    assert torch.equal(first.model.head.weight, same.model.head.weight)
    assert not torch.equal(hard.model.head.weight, plain.model.head.weight)


def test_resuming_with_another_memory_is_refused(tiny_fit):
    _, folder = tiny_fit(epochs=1, memory=XBM(20), config={"memory": {"size": 20}})
    with pytest.raises(ConfigError, match=r"memory was .*20.* and is .*30.* now; keep it"):
        tiny_fit(resume=folder / "step=6.ckpt", memory=XBM(30), config={"memory": {"size": 30}})


@pytest.mark.parametrize("other", [{}, {"rank": 4, "alpha": 16.0, "layers": None}])
def test_resuming_with_other_adapters_is_refused(tiny_fit, other):
    config = {"finetune": {"rank": 8, "alpha": 16.0, "layers": None}}
    _, folder = tiny_fit(epochs=1, config=config)
    with pytest.raises(ConfigError, match=r"finetune has adapters .*'rank': 8.* and .* now; keep them"):
        tiny_fit(resume=folder / "step=6.ckpt", config={"finetune": other})
