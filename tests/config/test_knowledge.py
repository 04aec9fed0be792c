"""Settings of a namespace's knowledge and of search."""

from pathlib import Path
from textwrap import indent

import pytest

from datus.config import EmbeddingsConfig, KnowledgeSources, Settings, load_settings
from datus.errors import ConfigError

TWO = "type: sqlite\ndbs: [{uri: shop.sqlite}, {uri: web.sqlite}]\n"


@pytest.fixture
def load(tmp_path):
    """Settings of a namespace's text, and of more text below ``agent``."""

    def read(space: str = TWO, agent: str = "") -> Settings:
        path = tmp_path / "conf" / "agent.yml"
        path.parent.mkdir(exist_ok=True)
        lines = f"namespace:\n  n:\n{indent(space, '    ')}\n{agent}"
        path.write_text(f"agent:\n{indent(lines, '  ')}\n", encoding="utf-8")
        env = {"HOME": "/home/a", "KEY": "s3cret"}
        return load_settings(path, env=env, home=tmp_path / "home", cwd=tmp_path)

    return read


def test_defaults(load, tmp_path):
    settings = load()
    space = settings.namespaces["n"]
    assert space.area == ()
    assert space.knowledge == KnowledgeSources()
    assert (space.knowledge.values, space.knowledge.values_per_column) == (True, 2_000)
    assert settings.knowledge_path == tmp_path / "home" / "knowledge"
    assert settings.embeddings == EmbeddingsConfig(type="auto")


def test_every_source(load, tmp_path):
    text = """
knowledge:
  metrics: ../metrics
  terms: ~/terms.yml
  reference_sql: /srv/reference.csv
  documents: notes
  golden: golden.json
  database: shop
  values: no
  values_exclude: [customers.email, '*.PHONE', 'hr?.*']
  values_per_column: 5
"""
    assert load(TWO + text).namespaces["n"].knowledge == KnowledgeSources(
        database="shop",
        metrics=tmp_path / "metrics",
        terms=Path("/home/a/terms.yml"),
        reference_sql=Path("/srv/reference.csv"),
        documents=tmp_path / "conf" / "notes",
        golden=tmp_path / "conf" / "golden.json",
        values=False,
        values_exclude=("customers.email", "*.PHONE", "hr?.*"),
        values_per_column=5,
    )


@pytest.mark.parametrize(
    ("text", "area"),
    [
        ("domain: sales", ("sales",)),
        ("domain: sales\nlayer1: retail\nlayer2: online", ("sales", "retail", "online")),
        ("domain: ' 销售 / 零售 '\nlayer1: 线上/app", ("销售", "零售", "线上", "app")),
        ("domain: /", ()),
    ],
)
def test_the_default_area(load, text, area):
    assert load(TWO + text).namespaces["n"].area == area


def test_search_and_where_knowledge_is_kept(load, tmp_path):
    text = """
knowledge:
  path: ../built
  embeddings: {type: OpenAI, model: m, base_url: 'https://h/v1', api_key: '${KEY}'}
"""
    settings = load(agent=text)
    assert settings.knowledge_path == tmp_path / "built"
    assert settings.embeddings.type == "openai"
    assert settings.embeddings.api_key.reveal() == "s3cret"
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize(
    ("space", "agent", "parts"),
    [
        ("knowledge: {term: a}", "", ["agent.namespace.n.knowledge.term: unknown key", "'terms'"]),
        ("knowledge: {terms: 3}", "", ["n.knowledge.terms", "a path"]),
        ("knowledge: {documents: 'https://h/d'}", "", ["n.knowledge.documents", "a path"]),
        ("knowledge: {database: shpo}", "", ["n.knowledge.database", "did you mean 'shop'?"]),
        ("knowledge: {metrics: m}", "", ["n.knowledge.database", "one of: shop, web"]),
        ("knowledge: {values: 3}", "", ["n.knowledge.values", "true or false"]),
        ("knowledge: {values_exclude: customers.email}", "", ["values_exclude", "a list of"]),
        ("knowledge: {values_exclude: [email]}", "", ["values_exclude", "table.column"]),
        ("knowledge: {values_exclude: [a.b, '']}", "", ["values_exclude", "table.column"]),
        ("knowledge: {values_exclude: [3]}", "", ["values_exclude", "table.column"]),
        ("knowledge: {values_per_column: 0}", "", ["values_per_column", "from 1 to 1000000"]),
        ("layer1: retail", "", ["agent.namespace.n.domain: is required where layer1 stands"]),
        ("domain: a\nlayer2: b", "", ["agent.namespace.n.layer1: is required where layer2"]),
        ("", "knowledge: {embeddings: {type: word2vec}}", ["embeddings.type", "one of auto, none"]),
        ("", "knowledge: {embeddings: usem3}", ["agent.knowledge.embeddings", "keys with values"]),
    ],
)
def test_refusals_say_where_what_and_what_is_expected(load, space, agent, parts):
    with pytest.raises(ConfigError) as caught:
        load(TWO + space, agent)
    for part in parts:
        assert part in caught.value.message


def test_metrics_over_the_only_database_need_not_name_it(load):
    assert (
        load("type: sqlite\nuri: shop.sqlite\nknowledge: {metrics: m}")
        .namespaces["n"]
        .knowledge.metrics
    )
