"""Reading definitions: YAML texts to one checked whole, with every problem named by file and line."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from datus.errors import ConfigError
from datus.files import files_of, read_text, shown_name
from datus.semantic.dbt import read_entries
from datus.semantic.meta import read_business
from datus.semantic.model import Business, Definitions, Entry, Relation
from datus.semantic.source import Document, Problem, read_documents

MAX_PROBLEMS = 20
"""Problems that one message lists; the rest is counted."""


def load_texts(folder: Path) -> dict[str, str]:
    """Read all YAML files of ``folder``, also in its folders; hidden ones are left out.

    Returns:
        Texts by file name relative to ``folder``, sorted.

    Raises:
        ConfigError: The folder does not exist, or a file is not UTF-8 text or too large.
    """
    return {
        shown_name(path.relative_to(folder)): read_text(path)
        for path in files_of(folder, ".yml", ".yaml")
    }


def read_definitions(texts: Mapping[str, str]) -> Definitions:
    """Read and check semantic models and metrics.

    Args:
        texts: YAML by file name: dbt's ``semantic_models:`` and ``metrics:``, dbt's latest
            ``models:`` with semantics, MetricFlow's own documents, or OSI documents.

    Raises:
        ConfigError: Something is wrong; the message names file and line of every problem (the first
            ``MAX_PROBLEMS``), and ``details["problems"]`` has them one by one.
    """
    from datus.semantic import manifest, osi

    problems: list[Problem] = []
    entries: list[Entry] = []
    for file, text in texts.items():
        for document in read_documents(file, text, problems):
            if osi.is_osi(document.value):
                entries.extend(osi.read_osi(document, problems))
            else:
                entries.extend(read_entries(document, problems))
    named = _by_name(entries, problems)
    parsed = manifest.parse(named.values(), problems)
    if problems:
        raise _error(problems)
    whole, found = manifest.validate(parsed, named)
    if found:
        raise _error(found)
    return Definitions(
        manifest=whole,
        entries=named,
        relations={entry.name: _relation(entry) for entry in _of_kind(named, "semantic_model")},
        metrics={e.name: _business(e.data, e, problems) for e in _of_kind(named, "metric")},
        dimensions=_dimensions(named, problems),
    )


def config_error(problems: Iterable[Problem]) -> ConfigError:
    """All problems of definitions as one error."""
    return _error(list(problems))


def _error(problems: list[Problem]) -> ConfigError:
    unique = list(dict.fromkeys(sorted(problems, key=lambda p: (p.file, p.line, p.message))))
    lines = [str(problem) for problem in unique[:MAX_PROBLEMS]]
    if len(unique) > MAX_PROBLEMS:
        lines.append(f"and {len(unique) - MAX_PROBLEMS} more")
    count = "1 problem" if len(unique) == 1 else f"{len(unique)} problems"
    return ConfigError(
        f"The metric definitions have {count}:\n" + "\n".join(lines),
        details={
            "problems": [
                {"file": p.file, "line": p.line, "message": p.message}
                for p in unique[:MAX_PROBLEMS]
            ]
        },
    )


def _by_name(entries: list[Entry], problems: list[Problem]) -> dict[tuple[str, str], Entry]:
    named: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        key = (entry.kind, entry.name)
        if (first := named.get(key)) is not None:
            where = f"{first.document.file}:{first.document.line(first.path)}"
            problems.append(
                entry.problem(("name",), f"{entry.name!r} is there already, at {where}.")
            )
        else:
            named[key] = entry
    return named


def _of_kind(named: Mapping[tuple[str, str], Entry], kind: str) -> Iterator[Entry]:
    return (entry for entry in named.values() if entry.kind == kind)


def _relation(entry: Entry) -> Relation:
    node = entry.data["node_relation"]
    return Relation(node["alias"], node.get("schema_name") or None, node.get("database"))


def _business(data: Any, entry: Entry, problems: list[Problem]) -> Business:
    config = data.get("config") or {}
    return read_business(config.get("meta") or {})


def _dimensions(
    named: Mapping[tuple[str, str], Entry], problems: list[Problem]
) -> dict[tuple[str, str], Business]:
    return {
        (entry.name, dimension["name"]): _business(dimension, entry, problems)
        for entry in _of_kind(named, "semantic_model")
        for dimension in entry.data.get("dimensions") or []
    }


__all__ = ["Document", "config_error", "load_texts", "read_definitions"]
