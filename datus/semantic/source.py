"""YAML text as plain values, with the line that each part stands on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

Path = tuple[str | int, ...]
"""Keys and indexes that lead to a part of a document."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong at a line of a file (1 is the first)."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a YAML file, and the lines of its parts."""

    file: str
    value: Any
    lines: Mapping[Path, int] = field(default_factory=dict)

    def line(self, path: Path = ()) -> int:
        """The line of the part at ``path``, or of the nearest part around it."""
        for length in range(len(path), -1, -1):
            if (found := self.lines.get(path[:length])) is not None:
                return found
        return 1

    def problem(self, path: Path, message: str) -> Problem:
        return Problem(self.file, self.line(path), message)


def read_documents(file: str, text: str, problems: list[Problem]) -> list[Document]:
    """Read all documents of ``text``; what cannot be read becomes one of ``problems``."""
    documents = []
    try:
        loader = yaml.SafeLoader(text)
        try:
            while loader.check_node():
                node = loader.get_node()
                assert node is not None  # check_node said that there is one
                lines = dict(_lines(node, (), frozenset()))
                repeats = list(_repeats(node))
                value = loader.construct_document(node)
                documents.append(Document(file, value, lines))
                problems.extend(
                    Problem(file, line, f"{name!r} is written twice here.")
                    for name, line in repeats
                )
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        what = getattr(error, "problem", None) or "it is not YAML"
        problems.append(Problem(file, line, f"The file cannot be read: {what}."))
    except RecursionError:
        problems.append(Problem(file, 1, "The file is nested too deeply or holds itself."))
    return documents


def _lines(node: yaml.Node, path: Path, above: frozenset[int]) -> Iterator[tuple[Path, int]]:
    yield path, node.start_mark.line + 1
    if id(node) in above:
        return
    above |= {id(node)}
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                yield from _lines(value, (*path, key.value), above)
                yield (*path, key.value), key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _lines(value, (*path, index), above)


def _repeats(node: yaml.Node) -> Iterator[tuple[str, int]]:
    """Keys that one mapping has twice; YAML would keep the last without a word."""
    stack, seen = [node], set()
    while stack:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, yaml.MappingNode):
            keys: set[str] = set()
            for key, value in one.value:
                if isinstance(key, yaml.ScalarNode):
                    if key.value in keys and key.value != "<<":
                        yield key.value, key.start_mark.line + 1
                    keys.add(key.value)
                stack.append(value)
        elif isinstance(one, yaml.SequenceNode):
            stack.extend(one.value)
