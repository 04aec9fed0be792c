"""The tables of expressions, loaded by their path: tests are no package."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


def load_expressions() -> ModuleType:
    """The module ``expressions.py`` beside this file."""
    path = Path(__file__).with_name("expressions.py")
    spec = importlib.util.spec_from_file_location("dates_tests_expressions", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for ``row``, ``compared`` or ``nothing`` once for each of that table."""
    tables = load_expressions()
    for name, table in (
        ("row", (*tables.ENGLISH, *tables.CHINESE)),
        ("compared", tables.COMPARISONS),
        ("nothing", tables.NOTHING),
    ):
        if name in metafunc.fixturenames:
            ids = [entry if name == "nothing" else entry[0] for entry in table]
            metafunc.parametrize(name, table, ids=ids)


@pytest.fixture(scope="session")
def expressions() -> ModuleType:
    """The module ``expressions.py`` beside this file."""
    return load_expressions()
