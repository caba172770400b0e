"""The rooms of the house import downwards only."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOUNDATION = {
    "errors",
    "extras",
    "files",
    "processes",
    "checks",
    "threads",
    "trained",
    "unit",
    "precision",
    "trainer",
}
GROUND = {"metrics", "losses", "models", "index", "data", "reports"}
ALLOWED = {
    **{room: set() for room in GROUND},
    "retrieval": GROUND,
    "training": GROUND | {"retrieval"},
    "comparison": GROUND | {"retrieval"},
    "serving": GROUND | {"retrieval"},
    "sweeps": {"reports"},
}
# Scripts that live in their room, for `python -m`. They compose and call, as those beside the README do, and
# nothing may import them: what they know does not become known to the room.
COMMANDS = {"vsr/data/inspect.py"}
LIGHTNING = ("vsr/training/", "vsr/data/datamodule.py")


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def files() -> list[Path]:
    return sorted((ROOT / "vsr").rglob("*.py"))


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_imports_only_rooms_below_its_own(path):
    parts = path.relative_to(ROOT / "vsr").parts
    above = {("assemble.py",), ("multirun.py",), ("__init__.py",)}
    if parts in above or "/".join(("vsr", *parts)) in COMMANDS:
        return
    room = parts[0].removesuffix(".py")
    allowed = FOUNDATION | {room} | (ALLOWED[room] if room not in FOUNDATION else set())
    for name in imports(path):
        if name.startswith("vsr."):
            assert name.split(".")[1] in allowed, f"{path.name} imports {name}"


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_only_assemble_and_multirun_know_hydra_and_only_training_knows_lightning(path):
    name = path.relative_to(ROOT).as_posix()
    top = {one.split(".")[0] for one in imports(path)}
    if name not in {"vsr/assemble.py", "vsr/multirun.py"} and name not in COMMANDS:
        assert not top & {"hydra", "omegaconf"}
    if not name.startswith(LIGHTNING) and name != "vsr/assemble.py":
        assert not top & {"lightning", "pytorch_lightning"}


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_a_command_is_imported_by_nothing_and_holds_no_class(command):
    module = command.removesuffix(".py").replace("/", ".")
    room, _, name = module.rpartition(".")
    for path in files():
        assert module not in imports(path), f"{path.name} imports {module}"
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == room:
                assert name not in {alias.name for alias in node.names}, f"{path.name} imports {module}"
    body = ast.parse((ROOT / command).read_text()).body
    assert [node.name for node in body if isinstance(node, ast.ClassDef | ast.FunctionDef)] == ["main"]
