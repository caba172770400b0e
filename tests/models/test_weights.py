import io
import logging
import urllib.error
from pathlib import Path

import pytest
import torch
from torchvision import models

from vsr.errors import CheckpointError, ConfigError
from vsr.models.embedding import EmbeddingModel

SHARED = Path(__file__).parents[2] / "../shared/weights"
NAME = "mobilenet_v3_small"


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(7)
    return models.get_model(NAME, weights=None)


@pytest.fixture
def saved(tmp_path):
    def save(payload, name="weights.pt"):
        torch.save(payload, tmp_path / name)
        return str(tmp_path / name)

    return save


def holds(model, network):
    own = network.state_dict()
    names = [name for name in model.backbone.state_dict() if not name.endswith("num_batches_tracked")]
    return bool(names) and all(torch.equal(model.backbone.state_dict()[name], own[name]) for name in names)


WRAPS = {
    "plain": lambda state: state,
    "state_dict": lambda state: {"state_dict": state, "epoch": 3},
    "model": lambda state: {"model": state, "args": {"lr": 0.1}},
    "module": lambda state: {f"module.{name}": value for name, value in state.items()},
    "model.": lambda state: {"state_dict": {f"model.{name}": value for name, value in state.items()}},
    "backbone.": lambda state: {f"backbone.{name}": value for name, value in state.items()},
    "all": lambda state: {"model": {f"module.model.backbone.{name}": value for name, value in state.items()}},
}


@pytest.mark.parametrize("wrap", WRAPS)
def test_state_dict_of_torchvision_is_found_under_common_wrappers(wrap, network, saved):
    model = EmbeddingModel(NAME, weights=saved(WRAPS[wrap](network.state_dict())))
    assert holds(model, network)
    assert model.loaded.missing == ("head.weight", "head.bias")
    assert len(model.loaded.matched) == len(model.backbone.state_dict())
    assert [name.split("classifier")[1] for name in model.loaded.unexpected] == [
        ".0.weight",
        ".0.bias",
        ".3.weight",
        ".3.bias",
    ]


def test_old_state_dicts_without_batch_counters_miss_nothing_of_the_backbone(network, saved):
    state = {name: value for name, value in network.state_dict().items() if "num_batches" not in name}
    assert EmbeddingModel(NAME, weights=saved(state)).loaded.missing == ("head.weight", "head.bias")


def test_swins_classifier_is_not_taken_for_a_head_of_ours(saved):
    state = models.get_model("swin_t", weights=None).state_dict()
    model = EmbeddingModel("swin_t", width=1000, weights=saved(state))
    assert model.loaded.unexpected == ("head.weight", "head.bias")
    assert not torch.equal(model.head.weight, state["head.weight"])


@pytest.fixture
def checkpoint(saved):
    """What Lightning writes of a trained model of ours with a loss that learns."""
    trained = EmbeddingModel(NAME, width=16, pooling="gem")
    with torch.no_grad():
        trained.pooling.p.fill_(4.5)
        trained.pictures.mean.fill_(0.4)
    state = {f"model.{name}": value for name, value in trained.state_dict().items()}
    state["loss.log_temperature"] = torch.tensor(-2.0)
    path = saved({"state_dict": state, "epoch": 1, "vsr_config": {"seed": 0}}, "last.ckpt")
    return trained, path


def test_own_checkpoint_gives_everything_back(checkpoint):
    trained, path = checkpoint
    model = EmbeddingModel(NAME, width=16, pooling="gem", weights=path)
    assert all(torch.equal(value, trained.state_dict()[name]) for name, value in model.state_dict().items())
    assert model.loaded.missing == ()
    assert model.loaded.unexpected == ("loss.log_temperature",)


def test_head_of_another_width_starts_anew_and_is_reported(checkpoint):
    trained, path = checkpoint
    model = EmbeddingModel(NAME, width=8, pooling="gem", weights=path)
    assert model.loaded.missing == ("head.weight", "head.bias")
    assert model.pooling.p == 4.5
    assert torch.equal(model.backbone.features[0][0].weight, trained.backbone.features[0][0].weight)


def test_another_pooling_and_head_take_what_fits(checkpoint):
    model = EmbeddingModel(NAME, width=None, head="none", weights=checkpoint[1])
    assert model.loaded.missing == ()
    assert set(model.loaded.unexpected) == {"pooling.p", "head.weight", "head.bias", "loss.log_temperature"}


def test_loading_is_logged_in_one_line(network, saved, caplog):
    caplog.set_level(logging.INFO, logger="vsr")
    path = saved(network.state_dict())
    EmbeddingModel(NAME, weights=path)
    (record,) = caplog.records
    assert record.levelno == logging.INFO
    assert (
        f"loaded {path}: 240 tensors matched, missing 2 (head.weight, head.bias), unexpected 4 ("
        in record.message
    )
    assert "\n" not in record.message


def test_backbone_that_is_only_partly_in_the_file_is_a_warning(network, saved, caplog):
    state = {
        name: value for name, value in network.state_dict().items() if not name.startswith("features.12")
    }
    model = EmbeddingModel(NAME, weights=saved(state))
    assert "backbone.features.12.0.weight" in model.loaded.missing
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_weights_of_a_wider_network_are_refused(saved):
    path = saved(models.get_model("mobilenet_v3_large", weights=None).state_dict())
    with pytest.raises(
        CheckpointError, match=r"does not fit the backbone: features\.\S+ is \(.*\), wanted \(.*model.backb"
    ):
        EmbeddingModel(NAME, weights=path)


def test_weights_with_nothing_in_common_are_refused(saved):
    path = saved({"encoder.one": torch.zeros(2), "encoder.two": torch.zeros(2)})
    with pytest.raises(
        CheckpointError, match=r"nothing in .* fits the backbone: it holds encoder\.one, encoder\.two"
    ):
        EmbeddingModel(NAME, weights=path)


@pytest.mark.parametrize("payload", [{}, {"epoch": 1}, [1, 2], torch.zeros(3), {"state_dict": {}}])
def test_file_without_a_state_dict_is_refused(payload, saved):
    with pytest.raises(CheckpointError, match=r"holds no state dict but .*; save model\.state_dict"):
        EmbeddingModel(NAME, weights=saved(payload))


def broken_files(network):
    buffer = io.BytesIO()
    torch.save(network.state_dict(), buffer)
    whole = buffer.getvalue()
    old = io.BytesIO()
    torch.save(network.state_dict(), old, _use_new_zipfile_serialization=False)
    return {
        "empty": b"",
        "cut": whole[: len(whole) // 2],
        "cut_old_format": old.getvalue()[: len(whole) // 2],
        "text": b"<html>404 not found</html>",
        "picture": b"\x89PNG\r\n\x1a\n" + bytes(100),
        "zip": b"PK\x03\x04" + bytes(60),
        "noise": bytes(range(256)) * 4,
    }


@pytest.mark.parametrize("kind", ["empty", "cut", "cut_old_format", "text", "picture", "zip", "noise"])
def test_file_that_torch_cannot_read_is_named_in_one_line(kind, network, tmp_path):
    path = tmp_path / "bad.pt"
    path.write_bytes(broken_files(network)[kind])
    with pytest.raises(
        CheckpointError, match=r"cannot read weights from .*bad\.pt .*fetch or save it again"
    ) as caught:
        EmbeddingModel(NAME, weights=str(path))
    assert "\n" not in str(caught.value)


class Payload:
    def __reduce__(self):
        return (exec, ("raise SystemExit('code from the file ran')",))


def test_code_in_a_file_is_not_run(saved):
    with pytest.raises(CheckpointError, match="cannot read weights"):
        EmbeddingModel(NAME, weights=saved({"state_dict": Payload()}))


def test_missing_file_is_named():
    with pytest.raises(CheckpointError, match=r"no file /nowhere/net\.pt; set model\.weights"):
        EmbeddingModel(NAME, weights="/nowhere/net.pt")


def test_folder_is_no_file(tmp_path):
    with pytest.raises(CheckpointError, match="no file"):
        EmbeddingModel(NAME, weights=str(tmp_path))


def test_unknown_weights_name_the_nearest():
    with pytest.raises(ConfigError, match="got 'IMAGENET1K_V3'; did you mean 'IMAGENET1K_V1'"):
        EmbeddingModel(NAME, weights="IMAGENET1K_V3")


@pytest.fixture
def download(monkeypatch, network):
    """What torchvision would fetch, without a network."""

    def fetch(self, *args, **kwargs):
        return network.state_dict()

    monkeypatch.setattr(models.WeightsEnum, "get_state_dict", fetch)


@pytest.mark.parametrize("name", ["IMAGENET1K_V1", "DEFAULT", "MobileNet_V3_Small_Weights.IMAGENET1K_V1"])
def test_weights_by_torchvisions_name(name, download, network):
    model = EmbeddingModel(NAME, weights=name)
    assert holds(model, network)
    assert model.loaded.source == "MobileNet_V3_Small_Weights.IMAGENET1K_V1"
    assert model.loaded.missing == ("head.weight", "head.bias")
    assert model.loaded.unexpected == (
        "classifier.0.weight",
        "classifier.0.bias",
        "classifier.3.weight",
        "classifier.3.bias",
    )


def test_failing_download_says_what_to_put_where(monkeypatch, tmp_path):
    def fail(*args, **kwargs):
        raise urllib.error.URLError("no route to host")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", fail)
    with pytest.raises(
        CheckpointError, match=rf"no route.*download https://\S+ elsewhere and put it into {tmp_path}"
    ) as caught:
        EmbeddingModel(NAME, weights="DEFAULT")
    assert "\n" not in str(caught.value)


def test_corrupt_download_in_the_cache_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = tmp_path / "hub/checkpoints"
    folder.mkdir(parents=True)
    url = models.get_model_weights(NAME)["DEFAULT"].url
    (folder / url.rsplit("/", 1)[1]).write_bytes(b"<html>404</html>")
    with pytest.raises(CheckpointError, match="cannot get weights"):
        EmbeddingModel(NAME, weights="DEFAULT")


@pytest.mark.parametrize(
    ("name", "file"),
    [("squeezenet1_1", "squeezenet1_1_imagenet.pt"), ("mobilenet_v2", "mobilenet_v2_imagenet.pt")],
)
def test_real_imagenet_weights_fit(name, file):
    if not (SHARED / file).exists():
        pytest.skip(f"{SHARED / file} is not here")
    model = EmbeddingModel(name, head="none", width=None, weights=str(SHARED / file))
    assert model.loaded.missing == ()
    assert all(part.startswith("classifier.") for part in model.loaded.unexpected)
