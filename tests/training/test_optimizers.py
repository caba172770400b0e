import math

import pytest
import torch
from torch import nn

from vsr.losses.infonce import InfoNCE
from vsr.models.embedding import EmbeddingModel
from vsr.training.optimizers import Lars, constant_with_warmup, cosine_with_warmup, parameter_groups


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
        self.backbone.register_parameter("class_token", nn.Parameter(torch.zeros(1, 1, 4)))
        self.pooling = nn.PReLU()
        self.head = nn.Linear(4, 2)


@pytest.fixture
def net():
    torch.manual_seed(0)
    return Net()


def groups_of(net, **kwargs):
    loss = InfoNCE(learn_temperature=True)
    groups = parameter_groups(net, loss, lr=0.1, weight_decay=0.05, **kwargs)
    return {group["name"]: group for group in groups}, loss


def test_every_parameter_is_in_one_group(net):
    groups, loss = groups_of(net)
    held = [id(p) for group in groups.values() for p in group["params"]]
    assert sorted(held) == sorted(id(p) for p in [*net.parameters(), *loss.parameters()])


def test_biases_norms_and_tokens_are_not_decayed(net):
    groups, loss = groups_of(net)
    conv, norm = net.backbone
    expected = {
        "backbone": ([conv.weight], 0.05),
        "backbone_no_decay": ([net.backbone.class_token, conv.bias, norm.weight, norm.bias], 0.0),
        "head": ([net.head.weight], 0.05),
        "head_no_decay": ([net.pooling.weight, net.head.bias], 0.0),
        "loss_no_decay": ([loss.log_temperature], 0.0),
    }
    assert list(groups) == list(expected)
    for name, (parameters, decay) in expected.items():
        assert {id(p) for p in groups[name]["params"]} == {id(p) for p in parameters}
        assert groups[name]["weight_decay"] == decay


def test_head_and_loss_learn_at_rates_of_their_own(net):
    groups, _ = groups_of(net, head_lr_factor=10, loss_lr_factor=0.5)
    rates = {name: group["lr"] for name, group in groups.items()}
    assert rates == {
        "backbone": 0.1,
        "backbone_no_decay": 0.1,
        "head": 1.0,
        "head_no_decay": 1.0,
        "loss_no_decay": 0.05,
    }


def test_frozen_parameters_are_kept_for_when_they_thaw(net):
    net.backbone.requires_grad_(False)
    groups, _ = groups_of(net)
    assert len(groups["backbone"]["params"]) == 1


@pytest.mark.parametrize("build", [torch.optim.AdamW, torch.optim.SGD, Lars])
def test_groups_keep_their_rates_in_an_optimizer(net, build):
    groups = parameter_groups(net, InfoNCE(), lr=0.1, weight_decay=0.05, head_lr_factor=2)
    optimizer = build(groups, lr=99.0, weight_decay=99.0)
    assert {g["name"]: (g["lr"], g["weight_decay"]) for g in optimizer.param_groups} == {
        "backbone": (0.1, 0.05),
        "backbone_no_decay": (0.1, 0.0),
        "head": (0.2, 0.05),
        "head_no_decay": (0.2, 0.0),
    }


def test_lars_takes_two_steps_of_the_papers_algorithm():
    start = torch.tensor([[3.0, 4.0]])  # |w| = 5
    weight = nn.Parameter(start.clone())
    optimizer = Lars([weight], lr=0.5, momentum=0.9, weight_decay=0.1, trust=0.01)
    gradients = (torch.tensor([[0.0, 2.0]]), torch.tensor([[1.0, -1.0]]))
    w, v = start.double(), torch.zeros(1, 2, dtype=torch.float64)
    for gradient in gradients:
        weight.grad = gradient.clone()
        optimizer.step()
        size, slope = w.norm(), gradient.double().norm()
        v = 0.9 * v + 0.5 * (0.01 * size / (slope + 0.1 * size)) * (gradient + 0.1 * w)
        w = w - v
    torch.testing.assert_close(weight.detach().double(), w)


def test_lars_first_step_done_by_hand():
    weight = nn.Parameter(torch.tensor([[3.0, 4.0]]))
    weight.grad = torch.tensor([[0.0, 2.0]])
    Lars([weight], lr=1.0, trust=0.1).step()  # rate 0.1 · 5 / 2 = 0.25
    torch.testing.assert_close(weight.detach(), torch.tensor([[3.0, 3.5]]))


def test_lars_treats_biases_and_zero_weights_as_sgd_does():
    bias, zero = nn.Parameter(torch.tensor([1.0, 2.0])), nn.Parameter(torch.zeros(2, 2))
    twin = [nn.Parameter(bias.detach().clone()), nn.Parameter(zero.detach().clone())]
    torch.manual_seed(0)
    for parameters, build in (([bias, zero], Lars), (twin, torch.optim.SGD)):
        for p in parameters:
            p.grad = torch.full_like(p, 0.3)
        build(parameters, lr=0.1, momentum=0.9).step()
    torch.testing.assert_close([bias, zero], twin)


def test_lars_leaves_parameters_without_a_gradient_alone():
    weight = nn.Parameter(torch.ones(2, 2))
    Lars([weight], lr=1.0, weight_decay=0.5).step()
    assert torch.equal(weight.detach(), torch.ones(2, 2))


def test_lars_resumes_with_its_momentum():
    def run(cut):
        torch.manual_seed(0)
        weight = nn.Parameter(torch.randn(3, 3))
        optimizer = Lars([weight], lr=0.5, trust=0.1)
        for step in range(4):
            if step == cut:
                state = optimizer.state_dict()
                optimizer = Lars([weight], lr=0.5, trust=0.1)
                optimizer.load_state_dict(state)
            weight.grad = torch.sin(weight.detach() * (step + 1))
            optimizer.step()
        return weight.detach()

    assert torch.equal(run(cut=2), run(cut=None))


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"lr": -1}, "lr must be >= 0"),
        ({"lr": 1, "momentum": 1}, "momentum must be"),
        ({"lr": 1, "weight_decay": -1}, "weight_decay must be"),
        ({"lr": 1, "trust": 0}, "trust must be > 0"),
    ],
)
def test_lars_refuses_values_out_of_range(kwargs, message):
    with pytest.raises(ValueError, match=message):
        Lars([nn.Parameter(torch.ones(1))], **kwargs)


def rates(schedule, steps, **kwargs):
    """Learning rates that ``steps`` optimizer steps are taken with, for a base rate of 2."""
    optimizer = torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=2.0)
    scheduler = schedule(optimizer, **kwargs)
    seen = []
    for _ in range(steps):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return seen


def test_cosine_rises_in_a_line_and_falls_along_half_a_cosine():
    got = rates(cosine_with_warmup, 10, total_steps=10, warmup=0.2, floor=0.1)
    rise = [1.0, 2.0]
    fall = [2.0 * (0.1 + 0.9 * (1 + math.cos(math.pi * s / 8)) / 2) for s in range(8)]
    assert got == pytest.approx(rise + fall)


def test_cosine_ends_at_its_floor_and_stays_there():
    got = rates(cosine_with_warmup, 9, total_steps=6, warmup=0, floor=0.25)
    assert got[6:] == pytest.approx([0.5, 0.5, 0.5])


def test_constant_rises_in_a_line_and_stays():
    assert rates(constant_with_warmup, 6, total_steps=100, warmup=4) == pytest.approx([0.5, 1, 1.5, 2, 2, 2])
    assert rates(constant_with_warmup, 3, total_steps=3) == [2.0, 2.0, 2.0]


@pytest.mark.parametrize("schedule", [cosine_with_warmup, constant_with_warmup])
def test_whole_numbers_count_steps_and_fractions_count_shares(schedule):
    assert rates(schedule, 9, total_steps=20, warmup=5) == rates(schedule, 9, total_steps=20, warmup=0.25)
    assert rates(schedule, 1, total_steps=20, warmup=1) == [2.0]


@pytest.mark.parametrize("schedule", [cosine_with_warmup, constant_with_warmup])
@pytest.mark.parametrize("warmup", [0, 0.1, 0.99, 7, 50])
def test_no_rate_is_zero_or_above_the_base_while_training(schedule, warmup):
    got = rates(schedule, 7, total_steps=7, warmup=warmup)
    assert all(0 < rate <= 2.0 for rate in got)


@pytest.mark.parametrize("schedule", [cosine_with_warmup, constant_with_warmup])
def test_schedule_keeps_the_ratio_between_groups(schedule):
    one, two = nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))
    optimizer = torch.optim.SGD([{"params": [one], "lr": 0.1}, {"params": [two], "lr": 1.0}])
    scheduler = schedule(optimizer, total_steps=5, warmup=2)
    for _ in range(4):
        optimizer.step()
        scheduler.step()
        slow, fast = (group["lr"] for group in optimizer.param_groups)
        assert fast == pytest.approx(10 * slow)


@pytest.mark.parametrize("schedule", [cosine_with_warmup, constant_with_warmup])
@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"total_steps": 0}, "total_steps must be >= 1"),
        ({"total_steps": 5, "warmup": -1}, "warmup must be"),
        ({"total_steps": 5, "warmup": 1.0}, "warmup must be a whole number of steps or a fraction below 1"),
    ],
)
def test_schedule_refuses_values_out_of_range(schedule, kwargs, message):
    optimizer = torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=1.0)
    with pytest.raises(ValueError, match=message):
        schedule(optimizer, **kwargs)


def test_cosine_refuses_a_floor_above_one():
    optimizer = torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=1.0)
    with pytest.raises(ValueError, match="floor must be from 0 to 1"):
        cosine_with_warmup(optimizer, 5, floor=1.5)


def test_each_block_learns_at_the_rate_of_the_next_times_the_decay():
    model = EmbeddingModel("resnet18", width=8)
    groups = parameter_groups(model, nn.Module(), lr=1.0, weight_decay=0.1, layer_lr_decay=0.5)
    rates = {group["name"]: group["lr"] for group in groups}
    order = ["layer4.1", "layer4.0", "layer3.1", "layer3.0", "layer2.1", "layer2.0", "layer1.1", "layer1.0"]
    assert [rates[f"backbone.{name}"] for name in order] == [0.5**n for n in range(8)]
    assert rates["backbone.conv1"] == 0.5**8
    assert rates["head"] == 1.0
    held = sorted(id(p) for group in groups for p in group["params"])
    assert held == sorted(id(p) for p in model.parameters())


def test_position_embeddings_learn_as_the_first_block_and_the_last_norm_as_the_last():
    model = EmbeddingModel("vit_b_16", width=8)
    groups = parameter_groups(model, nn.Module(), lr=1.0, weight_decay=0.1, layer_lr_decay=0.5)
    rates = {group["name"]: group["lr"] for group in groups}
    assert rates["backbone.encoder.layers.encoder_layer_11"] == 1.0
    assert rates["backbone.encoder.layers.encoder_layer_0"] == 0.5**11
    assert rates["backbone.conv_proj"] == rates["backbone_no_decay"] == 0.5**12
    of = {id(p): group["lr"] for group in groups for p in group["params"]}
    assert of[id(model.backbone.encoder.ln.weight)] == 1.0


@pytest.mark.parametrize("name", ["test_vit", "test_vit3", "test_maxvit", "test_convnext"])
def test_of_timms_matrices_those_it_names_and_tokens_alone_are_not_decayed(name):
    timm = pytest.importorskip("timm", reason="timm is an optional extra")
    net = Net()
    net.backbone = timm.create_model(name, num_classes=0)
    groups, _ = groups_of(net)
    decayed = {id(p) for p in groups["backbone"]["params"]}
    matrices = {name: p for name, p in net.backbone.named_parameters() if p.ndim > 1}
    spared = {name for name, p in matrices.items() if id(p) not in decayed}
    named = set(getattr(net.backbone, "no_weight_decay", set)()) & matrices.keys()
    assert named <= spared
    assert spared - named <= {"reg_token", "attn_pool.latent"}
