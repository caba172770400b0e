import logging
import math
from types import SimpleNamespace

import pytest
import torch
from lightning.pytorch.trainer.states import TrainerFn
from torch import nn

from vsr.data.loading.dataset import Batch
from vsr.errors import DivergedError
from vsr.losses.infonce import InfoNCE
from vsr.training.health import EmbeddingHealth, complaints, embedding_health, not_finite


def cloud(n=300, width=16, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.nn.functional.normalize(torch.randn(n, width, generator=generator), dim=1)


def test_every_number_is_that_of_its_plain_formula():
    unit, labels = cloud(40, 6).double(), torch.arange(40) // 4
    got = embedding_health(unit, labels, k=5)
    pairs = [(i, j) for i in range(40) for j in range(40) if i != j]
    squared = {(i, j): float((unit[i] - unit[j]).square().sum()) for i, j in pairs}
    positive = [pair for pair in pairs if labels[pair[0]] == labels[pair[1]]]
    negative = [pair for pair in pairs if labels[pair[0]] != labels[pair[1]]]
    singular = torch.linalg.svd(unit).S
    share = singular / singular.sum()
    counts = torch.zeros(40).double()
    for i in range(40):
        near = sorted((j for j in range(40) if j != i), key=lambda j: squared[i, j])[:5]
        counts[near] += 1
    deviation = counts - counts.mean()
    want = {
        "alignment": sum(squared[pair] for pair in positive) / len(positive),
        "uniformity": math.log(sum(math.exp(-2 * squared[pair]) for pair in pairs) / len(pairs)),
        "effective_rank": math.exp(-sum(p * math.log(p) for p in share.tolist())),
        "positive_similarity": sum(float(unit[i] @ unit[j]) for i, j in positive) / len(positive),
        "negative_similarity": sum(float(unit[i] @ unit[j]) for i, j in negative) / len(negative),
        "hubness": float((deviation**3).mean() / deviation.square().mean() ** 1.5),
    }
    assert got == pytest.approx(want, rel=1e-4, abs=1e-5)


def test_lengths_do_not_matter():
    unit, labels = cloud(), torch.arange(300) // 3
    longer = unit * torch.rand(300, 1).add(0.5)
    assert embedding_health(longer, labels) == pytest.approx(embedding_health(unit, labels), abs=1e-4)


def test_a_spread_embedding_is_healthy():
    assert complaints(embedding_health(cloud(), torch.arange(300) // 3), 16) == {}


def test_an_embedding_of_zeros_has_collapsed():
    health = embedding_health(torch.zeros(30, 16), torch.arange(30) // 3)
    assert health["effective_rank"] == 1
    assert "have collapsed" in complaints(health, 16)["effective_rank"]


class Overflows(nn.Module):
    """InfoNCE, but the gradient of an embedding's first number is 1e25: finite, and its square is not."""

    def forward(self, embeddings, labels):
        large = embeddings[:, 0].sum() * 1e25
        return InfoNCE(0.1)(embeddings, labels) + large - large.detach()


def test_an_optimizer_that_is_not_finite_ends_the_run_before_a_checkpoint_is_written(tiny_fit, tmp_path):
    where = r"exp_avg_sq of model\.\S+ in the optimizer is not finite after step 6 \(epoch 0\)"
    with pytest.raises(DivergedError, match=where + r".*optimizer\.lr"):
        tiny_fit(epochs=1, loss=Overflows())
    assert not list(tmp_path.rglob("epoch=*.ckpt"))


def test_a_weight_that_is_not_finite_is_named(tiny_model):
    model = tiny_model()
    optimizer = torch.optim.AdamW(model.parameters())
    assert not_finite(model, [optimizer]) is None
    model.head.bias.data[2] = torch.inf
    assert not_finite(model, [optimizer]) == "head.bias is not finite"


def test_a_collapsed_embedding_is_told_in_words():
    collapsed = cloud()[:1] + 1e-4 * cloud(seed=1)
    found = complaints(embedding_health(collapsed, torch.arange(300) // 3), 16)
    assert "of 16 dimensions: they have collapsed" in found["effective_rank"]
    assert "all embeddings lie on nearly one point" in found["negative_similarity"]


def test_a_line_of_embeddings_has_collapsed_though_labels_are_apart():
    line = torch.cat([cloud()[:1], -cloud()[:1]]).repeat(50, 1)
    found = complaints(embedding_health(line, torch.arange(100) % 2), 16)
    assert set(found) == {"effective_rank"}


def test_without_positives_the_rest_still_counts():
    health = embedding_health(cloud(), torch.arange(300))
    assert math.isnan(health["alignment"])
    assert 10 < health["effective_rank"] <= 16


def run(callback, embeddings, training=True):
    logged = {}
    state = SimpleNamespace(fn=TrainerFn.FITTING if training else TrainerFn.VALIDATING)
    trainer = SimpleNamespace(sanity_checking=False, state=state, current_epoch=2, is_global_zero=True)
    module = SimpleNamespace(log_dict=logged.update)
    callback.on_validation_start(trainer, module)
    order = torch.randperm(len(embeddings))
    for part in order.split(7):
        batch = Batch(torch.empty(0), (part // 3)[:, None], part[:, None], torch.empty(0))
        callback.on_validation_batch_end(trainer, module, embeddings[part], batch, 0)
    callback.on_validation_epoch_end(trainer, module)
    return logged


def test_the_callback_logs_the_health_whatever_the_order():
    got = run(EmbeddingHealth(), cloud())
    want = embedding_health(cloud(), torch.arange(300) // 3)
    assert got == pytest.approx({f"health/{name}": value for name, value in want.items()}, abs=1e-5)


def test_of_many_pictures_some_are_looked_at():
    got = run(EmbeddingHealth(pictures=100), cloud())
    want = embedding_health(cloud()[::3], torch.arange(100))
    assert got["health/uniformity"] == pytest.approx(want["uniformity"], abs=1e-5)


def test_a_collapse_is_warned_of_once_and_only_in_training(caplog):
    collapsed = cloud()[:1] + 1e-4 * cloud(seed=1)
    callback = EmbeddingHealth()
    with caplog.at_level(logging.WARNING):
        run(callback, collapsed, training=False)
        assert not caplog.text
        for _ in range(2):
            run(callback, collapsed)
    assert caplog.text.count("after epoch 3 the embeddings use") == 1


@pytest.mark.parametrize(
    ("options", "message"), [({"pictures": 2}, "pictures"), ({"k": 0}, "k must be >= 1")]
)
def test_values_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        EmbeddingHealth(**options)
