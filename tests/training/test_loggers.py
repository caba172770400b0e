import pytest

from vsr.errors import ConfigError
from vsr.training import loggers


@pytest.fixture
def no_account(monkeypatch, tmp_path):
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.delenv("WANDB_MODE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))


def mode(tmp_path, **options):
    return loggers.wandb_logger(str(tmp_path), **options)._wandb_init["mode"]


def test_without_an_account_the_run_is_offline(no_account, tmp_path):
    assert mode(tmp_path) == "offline"


def test_with_an_account_it_is_online(no_account, tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    assert mode(tmp_path) == "online"


def test_the_environment_decides_before_the_account(no_account, tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    monkeypatch.setenv("WANDB_MODE", "offline")
    assert mode(tmp_path) == "offline"


def test_who_asks_gets_it(no_account, tmp_path):
    assert mode(tmp_path, mode="disabled") == "disabled"


def test_an_unknown_mode_is_refused(tmp_path):
    with pytest.raises(
        ConfigError, match=r"logger\.mode must be one of auto, online, offline, disabled, got on"
    ):
        mode(tmp_path, mode="on")
