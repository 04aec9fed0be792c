"""The demo's business knowledge: valid for MetricFlow, in both languages, and true of the tables."""

import csv
import re
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlglot
import yaml
from metricflow_semantic_interfaces.parsing.dir_to_model import (
    parse_directory_of_yaml_files_to_semantic_manifest,
)
from metricflow_semantic_interfaces.validations.semantic_manifest_validator import (
    SemanticManifestValidator,
)
from sqlglot import exp

import datus.demo
from datus.demo.schema import TABLES

KNOWLEDGE = Path(datus.demo.__file__).parent / "knowledge"
FILES = sorted((KNOWLEDGE / "metrics").glob("*.yml"))
LOADED: list[dict[str, Any]] = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in FILES]
MODELS: list[dict[str, Any]] = [
    model for file in LOADED for model in file.get("semantic_models", [])
]
METRICS: list[dict[str, Any]] = [metric for file in LOADED for metric in file["metrics"]]
DIMENSIONS = [dimension for model in MODELS for dimension in model.get("dimensions", [])]
TERMS: list[dict[str, Any]] = yaml.safe_load((KNOWLEDGE / "terms.yml").read_text(encoding="utf-8"))[
    "terms"
]
CHINESE = re.compile(r"[\u4e00-\u9fff]")
ENGLISH = re.compile(r"[A-Za-z]{2}")
AREA = re.compile(r"[a-z]+(/[a-z]+)+")


def _table(model: dict[str, Any]) -> str:
    match = re.fullmatch(r"ref\('(\w+)'\)", model["model"])
    assert match
    return match[1]


def _in_both(words: list[str]) -> bool:
    return any(CHINESE.search(w) for w in words) and any(ENGLISH.search(w) for w in words)


def _name(element: dict[str, Any]) -> str:
    return str(element["name"])


def test_metricflow_finds_nothing_to_object_to(tmp_path: Path) -> None:
    """What dbt does before MetricFlow sees the files: one document each, refs resolved, a time spine."""
    spine = {
        "node_relation": {"schema_name": "main", "alias": "time_spine"},
        "primary_column": {"name": "day", "time_granularity": "day"},
    }
    documents: list[dict[str, Any]] = [{"project_configuration": {"time_spines": [spine]}}]
    for model in MODELS:
        relation = {"schema_name": "main", "alias": _table(model)}
        rest = {key: value for key, value in model.items() if key != "model"}
        documents.append({"semantic_model": rest | {"node_relation": relation}})
    documents += [{"metric": metric} for metric in METRICS]
    (tmp_path / "all.yml").write_text(yaml.safe_dump_all(documents), encoding="utf-8")
    built = parse_directory_of_yaml_files_to_semantic_manifest(str(tmp_path))
    checked = SemanticManifestValidator().validate_semantic_manifest(built.semantic_manifest)
    issues = [*built.issues.all_issues, *checked.all_issues]
    assert [issue.as_readable_str() for issue in issues] == []


def test_there_are_metrics_of_every_kind_the_questions_need() -> None:
    kinds = Counter(metric["type"] for metric in METRICS)
    assert set(kinds) == {"simple", "ratio", "derived", "cumulative"}
    assert len({metric["name"] for metric in METRICS}) == len(METRICS)


@pytest.mark.parametrize("metric", METRICS, ids=_name)
def test_a_metric_says_what_it_is_in_both_languages(metric: dict[str, Any]) -> None:
    assert metric["label"]
    english, chinese = metric["description"].split(" | ")
    assert english.endswith(".")
    assert chinese.endswith("。")
    meta = metric["config"]["meta"]
    assert set(meta) == {"synonyms", "owner", "area", "examples"}
    assert _in_both(meta["synonyms"])
    assert _in_both(meta["examples"])
    assert AREA.fullmatch(meta["area"])


@pytest.mark.parametrize("dimension", DIMENSIONS, ids=_name)
def test_a_dimension_says_what_it_is_in_both_languages(dimension: dict[str, Any]) -> None:
    assert dimension["label"]
    assert _in_both([dimension["description"]])
    synonyms = dimension["config"]["meta"]["synonyms"]
    assert _in_both([dimension["label"], *synonyms])


def test_no_word_names_two_metrics() -> None:
    names = [
        {word.casefold() for word in (metric["label"], *metric["config"]["meta"]["synonyms"])}
        for metric in METRICS
    ]
    assert [word for word, times in Counter(w for n in names for w in n).items() if times > 1] == []


def test_three_roles_of_a_region_have_names_of_their_own() -> None:
    (regions,) = (model for model in MODELS if model["name"] == "regions")
    labels = [entity["label"] for entity in regions["entities"]]
    assert len(set(labels)) == 3
    pointing = {
        entity["name"]
        for model in MODELS
        for entity in model["entities"]
        if entity["type"] == "foreign"
    }
    assert {entity["name"] for entity in regions["entities"]} <= pointing


@pytest.mark.parametrize("model", MODELS, ids=_name)
def test_expressions_are_true_of_the_table(
    model: dict[str, Any], connection: duckdb.DuckDBPyConnection
) -> None:
    table = _table(model)
    assert table in {demo.name for demo in TABLES}
    parts = [*model["entities"], *model.get("dimensions", []), *model.get("measures", [])]
    for part in parts:
        expression = part.get("expr", part["name"])
        (values, missing) = connection.execute(
            f"SELECT count(*), count(*) FILTER (WHERE ({expression}) IS NULL) FROM {table}"
        ).fetchall()[0]
        assert values > missing
        if "SELECT" in expression:  # looked up by key: each row finds its one
            assert missing == 0


@pytest.mark.parametrize("model", MODELS, ids=_name)
def test_keys_are_unique(model: dict[str, Any], connection: duckdb.DuckDBPyConnection) -> None:
    keys = [e["expr"] for e in model["entities"] if e["type"] in ("primary", "unique")]
    assert keys
    for key in keys:
        query = f"SELECT count(*), count(DISTINCT {key}) FROM {_table(model)}"
        ((rows, different),) = connection.execute(query).fetchall()
        assert rows == different


@pytest.mark.parametrize("term", TERMS, ids=lambda term: str(term["word"]))
def test_a_term_has_a_meaning_and_a_fragment_that_runs(
    term: dict[str, Any], connection: duckdb.DuckDBPyConnection
) -> None:
    assert set(term) <= {"word", "synonyms", "meaning", "sql", "area"}
    assert _in_both([term["word"], *term["synonyms"]])
    assert _in_both([term["meaning"]])
    assert "area" not in term or AREA.fullmatch(term["area"])
    if "sql" in term:
        fragment = sqlglot.parse_one(term["sql"], dialect="duckdb")
        (table,) = {column.table for column in fragment.find_all(exp.Column)}
        found = connection.execute(f"SELECT DISTINCT ({term['sql']}) FROM {table} LIMIT 2")
        assert len(found.fetchall()) == 2


def test_words_are_terms_once() -> None:
    words = Counter(word.casefold() for term in TERMS for word in (term["word"], *term["synonyms"]))
    assert [word for word, times in words.items() if times > 1] == []


def test_reference_queries_answer(connection: duckdb.DuckDBPyConnection) -> None:
    with (KNOWLEDGE / "reference.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert set(rows[0]) == {"question", "sql", "database", "area"}
    assert len({row["question"] for row in rows}) == len(rows) >= 12
    assert _in_both([row["question"] for row in rows])
    for row in rows:
        assert AREA.fullmatch(row["area"])
        assert connection.execute(row["sql"]).fetchall(), row["question"]


@pytest.mark.parametrize(
    "path", sorted((KNOWLEDGE / "documents").glob("*.md")), ids=lambda p: p.stem
)
def test_every_section_of_a_document_stands_in_both_languages(path: Path) -> None:
    title, *sections = re.split(r"^## ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert re.fullmatch(r"# .+ \| .+\n+", title)
    assert len(sections) >= 4
    for section in sections:
        heading, _, *paragraphs = section.rstrip().split("\n", 2)
        assert _in_both(heading.split(" | "))
        english, chinese = paragraphs[0].split("\n\n")
        assert not CHINESE.search(english)
        assert CHINESE.search(chinese)
