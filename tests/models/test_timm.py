import sys

import pytest
import torch

from vsr.errors import CheckpointError, ConfigError
from vsr.models.blocks import blocks
from vsr.models.timm import TimmModel

timm = pytest.importorskip("timm", reason="timm is an optional extra")

NAMES = ["test_resnet", "test_vit"]


def images(side, n=3):
    generator = torch.Generator().manual_seed(0)
    return torch.randint(256, (n, 3, side, side), generator=generator, dtype=torch.uint8)


def build(name="test_vit", **options):
    torch.manual_seed(0)
    return TimmModel(name, **options).eval()


@pytest.mark.parametrize("name", NAMES)
@torch.no_grad()
def test_features_are_those_of_timm_with_its_own_normalization(name):
    model = build(name)
    settings = timm.data.resolve_model_data_config(model.backbone)
    mean, std = (torch.tensor(settings[key]).view(3, 1, 1) for key in ("mean", "std"))
    shown = images(settings["input_size"][-1])
    want = model.backbone((shown / 255 - mean) / std)
    torch.testing.assert_close(model.features(shown), want, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
@torch.no_grad()
def test_pictures_of_any_size_are_resized_to_the_networks_own(name):
    embeddings = build(name, width=16)(images(50))
    assert embeddings.shape == (3, 16)
    torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(3))


@torch.no_grad()
def test_another_size_can_be_asked_for():
    model = build(image_size=64)
    assert model.image_size == 64
    assert model(images(64)).shape == (3, 128)


def test_without_a_head_the_features_are_the_embedding():
    model = build(head="none", width=None, normalize=False)
    shown = images(32)
    torch.testing.assert_close(model(shown), model.features(shown))
    assert model.width == model(shown).shape[1]


def test_weights_come_from_a_file_of_timms(tmp_path):
    torch.manual_seed(7)
    source = timm.create_model("test_vit")
    torch.save(source.state_dict(), tmp_path / "w.pth")
    model = build(weights=str(tmp_path / "w.pth"))
    want = source.state_dict()
    assert all(torch.equal(value, want[name]) for name, value in model.backbone.state_dict().items())


def test_weights_come_from_a_checkpoint_of_a_run(tmp_path):
    torch.manual_seed(7)
    source = TimmModel("test_vit", width=8)
    state = {f"model.{name}": value for name, value in source.state_dict().items()}
    torch.save({"state_dict": state}, tmp_path / "best.ckpt")
    model = build(width=8, weights=str(tmp_path / "best.ckpt"))
    assert all(torch.equal(value, source.state_dict()[name]) for name, value in model.state_dict().items())


def test_a_frozen_backbone_does_not_move():
    model = TimmModel("test_resnet", width=8).train()
    model.freeze_backbone()
    before = {name: value.clone() for name, value in model.backbone.state_dict().items()}
    model(images(32))
    assert all(torch.equal(value, before[name]) for name, value in model.backbone.state_dict().items())
    assert not any(p.requires_grad for p in model.backbone.parameters())


def test_its_blocks_are_found():
    names = [name for name, _ in blocks(build().backbone)]
    assert names[0] == "patch_embed"
    assert [name for name in names if name.startswith("blocks.")][:2] == ["blocks.0", "blocks.1"]


@pytest.mark.parametrize("name", ["test_vit3", "test_convnext", "test_maxvit"])
def test_its_stages_are_taken_apart_and_its_norms_are_no_blocks(name):
    found = blocks(build(name).backbone)
    assert all(any(weight.ndim > 1 for weight in block.parameters()) for _, block in found)
    inner = [block for block, _ in found if ".blocks." in f".{block}"]
    assert len(inner) == len(found) - {"test_vit3": 2, "test_convnext": 4, "test_maxvit": 1}[name]


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(ConfigError, match=r"timm has no network called 'resnet81'.*resnet18"):
        TimmModel("resnet81")


def test_an_unknown_tag_of_weights_is_answered_with_the_nearest():
    with pytest.raises(ConfigError, match=r"no weights 'r160' of test_vit; did you mean 'r160_in1k'"):
        TimmModel("test_vit.r160")


@pytest.mark.parametrize("name", ["test_vit", "swin_tiny_patch4_window7_224"])
def test_a_size_that_patches_do_not_divide_is_refused(name):
    with pytest.raises(ConfigError, match=r"model\.image_size=50 does not divide into patches of .*use 48"):
        TimmModel(name, image_size=50)


def test_a_missing_file_is_named():
    with pytest.raises(CheckpointError, match=r"no file nowhere\.safetensors"):
        TimmModel("test_vit", weights="nowhere.safetensors")


def test_a_file_that_is_none_is_named(tmp_path):
    (tmp_path / "w.pth").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(CheckpointError, match=r"test_vit with weights .*w\.pth"):
        TimmModel("test_vit", weights=str(tmp_path / "w.pth"))


def test_a_file_of_another_network_is_refused(tmp_path):
    torch.save(timm.create_model("test_vit").state_dict(), tmp_path / "w.pth")
    with pytest.raises(CheckpointError, match=r"nothing in .*w\.pth fits timm's test_resnet"):
        TimmModel("test_resnet", weights=str(tmp_path / "w.pth"))


def test_without_timm_the_mend_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(ConfigError, match=r"model=timm needs timm .*: uv sync --extra timm"):
        TimmModel("test_vit")
