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


class Client:
    """Stands in for MLflow's."""

    def __init__(self) -> None:
        self.calls = []

    def get_run(self, run_id):
        return run_id

    def set_tag(self, run_id, key, value):
        self.calls.append(("tag", run_id, key, value))

    def set_terminated(self, run_id, status):
        self.calls.append(("end", run_id, status))


@pytest.mark.parametrize(
    ("how", "calls"),
    [
        ("finished", [("end", "r", "FINISHED")]),
        ("pruned", [("tag", "r", "pruned", "true"), ("end", "r", "FINISHED")]),
        ("failed", [("end", "r", "FAILED")]),
    ],
)
def test_mlflow_hears_how_a_run_ended(monkeypatch, how, calls):
    client = Client()
    monkeypatch.setattr(loggers.RunMLFlowLogger, "experiment", client)
    monkeypatch.setattr(loggers.RunMLFlowLogger, "run_id", "r")
    logger = object.__new__(loggers.RunMLFlowLogger)
    logger._initialized, logger._checkpoint_callback, logger._log_model = True, None, False
    loggers.close([logger], how)
    assert client.calls == calls


@pytest.fixture
def no_server(monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def test_mlflow_without_its_package_is_refused_in_one_line(no_server, tmp_path, monkeypatch):
    monkeypatch.setattr("lightning.pytorch.loggers.mlflow._MLFLOW_AVAILABLE", False)
    with pytest.raises(ConfigError, match="needs MLflow; install it with: uv sync --extra mlflow"):
        loggers.mlflow_logger(str(tmp_path))


def test_mlflow_keeps_its_store_in_the_run_folder_unless_a_server_is_named(no_server, tmp_path, monkeypatch):
    pytest.importorskip("mlflow", reason="the extra mlflow is not installed")
    assert loggers.mlflow_logger(str(tmp_path))._tracking_uri == f"sqlite:///{tmp_path.resolve()}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///env.db")
    assert loggers.mlflow_logger(str(tmp_path))._tracking_uri == "sqlite:///env.db"
    named = loggers.mlflow_logger(str(tmp_path), tracking_uri="sqlite:///named.db")
    assert named._tracking_uri == "sqlite:///named.db"
