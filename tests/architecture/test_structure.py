"""The house holds: floors, no cycles, small files and functions, broad ``except`` only at its borders."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import datus

ROOT = Path(datus.__file__).parent
FLOORS = {
    "__init__": 0, "errors": 0, "types": 0, "text": 0, "identifiers": 0, "files": 0, "config": 0,
    "lexicon": 0,
    "sql": 1, "dates": 1, "demo": 1, "tasks": 1, "auth": 1, "llm": 1, "telemetry": 1,
    "connectors": 2, "semantic": 2,
    "knowledge": 3, "generation": 3,
    "workflow": 4,
    "service": 5,
    "api": 6, "evaluation": 6,
    "cli": 7,
}  # fmt: skip
GROUND = {room for room, floor in FLOORS.items() if floor == 0}
# Where anything at all may be caught: a failure there must become an answer, not a dead process.
BORDERS = {
    "tasks/database.py",
    "workflow/engine.py",
    "service/service.py",
    "service/tending.py",
    "service/keeping.py",
    "api/problems.py",
    "api/middleware.py",
}
LINES_A_FILE = 520
LINES_A_FUNCTION = 62

FILES = sorted(ROOT.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def module_of(path: Path) -> str:
    parts = ("datus", *path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path) for path in FILES}


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """All there is in a file, parsed once for all tests."""
    return tuple(ast.walk(ast.parse(path.read_text())))


@pytest.fixture(autouse=True, scope="module")
def _forget() -> Iterator[None]:
    """Half a million nodes would slow the collector down for the tests of other files."""
    yield
    nodes.cache_clear()


def imports(path: Path) -> set[str]:
    """Modules of datus that a file imports, functions' own imports included."""
    found = set()
    for node in nodes(path):
        if isinstance(node, ast.Import):
            found.update(a.name for a in node.names if a.name.split(".")[0] == "datus")
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            if node.module and node.module.split(".")[0] == "datus":
                inner = {f"{node.module}.{alias.name}" for alias in node.names}
                found |= inner & MODULES
                if inner - MODULES:
                    found.add(node.module)
    return found


def test_every_room_has_a_floor() -> None:
    assert {room_of(path) for path in FILES} <= FLOORS.keys()


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_down(path: Path) -> None:
    own = room_of(path)
    for target in imports(path):
        if target == "datus":
            continue
        room = target.split(".")[1]
        if room == own:
            continue
        lower = FLOORS[room] < FLOORS[own]
        ground = own in GROUND and room in GROUND
        assert lower or ground, (
            f"{path.relative_to(ROOT)} imports {target}: {own} may not see {room}"
        )


def test_no_import_cycle() -> None:
    graph = {module_of(path): imports(path) - {module_of(path)} for path in FILES}
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, "cycle: " + " -> ".join((*trail, module))
        if module in done:
            return
        for target in graph.get(module, ()):
            visit(target, (*trail, module))
        done.add(module)

    for module in graph:
        visit(module, ())


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_and_functions_are_small(path: Path) -> None:
    assert path.read_text().count("\n") <= LINES_A_FILE
    for node in nodes(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            assert lines <= LINES_A_FUNCTION, f"{path}:{node.lineno} {node.name} has {lines} lines"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_broad_except_only_at_borders(path: Path) -> None:
    if str(path.relative_to(ROOT)) in BORDERS:
        return
    for node in nodes(path):
        if isinstance(node, ast.ExceptHandler):
            named = node.type
            names = named.elts if isinstance(named, ast.Tuple) else [named]
            broad = [
                n
                for n in names
                if n is None or getattr(n, "id", "") in ("Exception", "BaseException")
            ]
            reraised = any(isinstance(each, ast.Raise) and each.exc is None for each in node.body)
            assert not broad or reraised, f"{path}:{node.lineno}: too broad"
