"""The walls of the house: what may import what."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOUNDATION = {
    "as_trained",
    "cache",
    "checks",
    "errors",
    "exports",
    "extras",
    "files",
    "precision",
    "processes",
    "provenance",
    "threads",
    "trainer",
    "unit",
}
GROUND = {"metrics", "losses", "models", "index", "display", "toystore"}
RETRIEVAL = {"metrics", "index", "data", "retrieval"}
ALLOWED = {
    **{room: set() for room in GROUND},
    "data": {"toystore"},
    "retrieval": RETRIEVAL,
    "ann": RETRIEVAL,
    "sweeps": {"display"},
    "training": RETRIEVAL | {"losses", "models", "display"},
    "reports": RETRIEVAL | {"display", "ann", "sweeps"},
    "runs": GROUND | RETRIEVAL | {"ann", "sweeps", "training", "reports"},
    "config": GROUND | RETRIEVAL | {"ann", "sweeps", "training", "reports", "runs"},
}
# Scripts that live in their room, for `python -m`. They compose and call, and nothing may import them: what
# they know does not become known to the room.
COMMANDS = {"vsr.data.inspect"}
KNOWN_TO = {
    "hydra": ("vsr.config.", *COMMANDS),
    "omegaconf": ("vsr.config.", *COMMANDS),
    "lightning": ("vsr.training.", "vsr.runs.", "vsr.config.", "vsr.data.loading.datamodule."),
    "matplotlib": ("vsr.display.", "vsr.reports."),
    "jinja2": ("vsr.display.", "vsr.reports."),
}


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of vsr, parsed."""
    found = {}
    for path in sorted((ROOT / "vsr").rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        found[name] = ast.parse(path.read_text(encoding="utf-8"))
    return found


@cache
def imports(module: str) -> frozenset[str]:
    """What ``module`` imports anywhere in it: our own modules by the file meant, others by their name."""
    found = set()
    for node in ast.walk(modules()[module]):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            package = module if is_package(module) else module.rpartition(".")[0]
            above = package.rsplit(".", node.level - 1)[0] if node.level else ""
            origin = ".".join(filter(None, [above, node.module]))
            for alias in node.names:
                submodule = f"{origin}.{alias.name}"
                found.add(submodule if submodule in modules() else origin)
    return frozenset(found)


def is_package(module: str) -> bool:
    return (ROOT / Path(*module.split(".")) / "__init__.py").exists()


def room_of(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def test_every_room_is_known():
    assert {room_of(module) for module in modules()} - {""} <= FOUNDATION | set(ALLOWED)


def test_a_file_imports_only_rooms_below_its_own():
    wrong = [
        f"{module} imports {name}"
        for module in modules()
        if module not in COMMANDS
        for name in imports(module)
        if name.startswith("vsr.")
        and room_of(name) not in FOUNDATION | {room_of(module)} | ALLOWED.get(room_of(module), set())
    ]
    assert not wrong


def test_our_own_names_are_imported_from_the_file_that_defines_them():
    """So that an arrow between two files is an arrow, and a type checker sees what is imported."""
    wrong = [
        f"{module} imports from the package {name}"
        for module in modules()
        for name in imports(module)
        if name.startswith("vsr.") and is_package(name) and not name.startswith("vsr.toystore")
    ]
    assert not wrong


def test_no_files_import_each_other_in_a_circle():
    left = {module: set(imports(module)) & set(modules()) for module in modules()}
    while True:  # take away what imports nothing that is left
        free = {module for module, needs in left.items() if not needs & set(left)}
        if not free:
            break
        left = {module: needs for module, needs in left.items() if module not in free}
    in_circles = {module for module in left if any(module in needs for needs in left.values())}
    assert not in_circles


def test_libraries_are_known_to_their_rooms_alone():
    wrong = [
        f"{module} imports {name}"
        for module in modules()
        for name in imports(module)
        if not (module + ".").startswith(KNOWN_TO.get(name.split(".")[0], (module,)))
    ]
    assert not wrong


def test_a_command_is_imported_by_nothing_and_holds_no_class():
    for command in COMMANDS:
        assert not [module for module in modules() if command in imports(module)]
        body = modules()[command].body
        assert [node.name for node in body if isinstance(node, ast.ClassDef | ast.FunctionDef)] == ["main"]
