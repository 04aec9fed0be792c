"""Namespaces to databases: files, lists, patterns, addresses."""

from pathlib import Path

import pytest

from datus.config import DatabaseConfig, load_settings
from datus.errors import ConfigError


@pytest.fixture
def databases(tmp_path):
    """The databases of a namespace written as one line of YAML."""

    def read(line: str) -> tuple[DatabaseConfig, ...]:
        path = tmp_path / "agent.yml"
        path.write_text(f"agent: {{namespace: {{n: {{{line}}}}}}}", encoding="utf-8")
        env = {"HOME": "/home/a"}
        return load_settings(path, env=env, home=tmp_path, cwd=tmp_path).namespaces["n"].databases

    return read


@pytest.fixture
def files(tmp_path):
    for name in ("data/a.sqlite", "data/deep/er/b.sqlite", "data/c.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("data/shop.sqlite", "{here}/data/shop.sqlite"),
        ("./data/../shop.sqlite", "{here}/shop.sqlite"),
        ("/srv/shop.sqlite", "/srv/shop.sqlite"),
        ("~/shop.sqlite", "/home/a/shop.sqlite"),
        ("sqlite:///data/shop.sqlite", "{here}/data/shop.sqlite"),
        ("sqlite:////srv/shop.sqlite", "/srv/shop.sqlite"),
        ("sqlite:///~/shop.sqlite", "/home/a/shop.sqlite"),
        ("SQLite:///shop.sqlite", "{here}/shop.sqlite"),
    ],
)
def test_addresses_of_files(databases, tmp_path, uri, path):
    (database,) = databases(f"type: sqlite, uri: '{uri}'")
    assert database == DatabaseConfig("shop", "sqlite", Path(path.format(here=tmp_path)))


def test_a_file_is_named_by_name_database_or_stem(databases):
    assert databases("type: duckdb, uri: 'duckdb:///x.duckdb'")[0].name == "x"
    assert databases("type: duckdb, uri: x.duckdb, database: d")[0].name == "d"
    assert databases("type: duckdb, uri: x.duckdb, database: d, name: n, schema: s")[0].name == "n"


def test_a_link_keeps_its_own_name(databases, tmp_path):
    (tmp_path / "v7.sqlite").touch()
    (tmp_path / "sales.sqlite").symlink_to(tmp_path / "v7.sqlite")
    assert databases("type: sqlite, path_pattern: 's*.sqlite'")[0].name == "sales"


@pytest.mark.usefixtures("files")
def test_a_pattern_finds_files_at_any_depth(databases, tmp_path):
    found = databases("type: sqlite, path_pattern: 'data/**/*.sqlite'")
    assert [(database.name, database.path) for database in found] == [
        ("a", tmp_path / "data/a.sqlite"),
        ("b", tmp_path / "data/deep/er/b.sqlite"),
    ]
    assert databases(f"type: sqlite, path_pattern: '{tmp_path}/data/*.sqlite'")[0].name == "a"


def test_a_list_of_files(databases, tmp_path):
    found = databases("type: sqlite, dbs: [{name: x, uri: a.db}, {uri: 'sqlite:///b.db'}]")
    assert [(database.name, database.path) for database in found] == [
        ("x", tmp_path / "a.db"),
        ("b", tmp_path / "b.db"),
    ]


def test_a_server_by_its_parts(databases):
    (database,) = databases(
        "type: postgres, host: db.example, username: u, password: p, database: d, schema: s"
    )
    assert database.type == "postgresql"
    assert (database.host, database.port, database.username) == ("db.example", 5432, "u")
    assert database.password.reveal() == "p"
    assert (database.name, database.database, database.schema) == ("d", "d", "s")


@pytest.mark.parametrize(
    "uri",
    [
        "mysql://u:p%40ss@db.example:3307/d",
        "mariadb://u:p%40ss@db.example:3307/d",
        "mysql+pymysql://u:p%40ss@db.example:3307/d",
    ],
)
def test_a_server_by_its_address(databases, uri):
    (database,) = databases(f"type: mariadb, uri: '{uri}'")
    assert database.type == "mysql"
    assert (database.host, database.port, database.username) == ("db.example", 3307, "u")
    assert database.password.reveal() == "p@ss"
    assert database.database == database.name == "d"


def test_parts_may_stand_beside_an_address(databases):
    (database,) = databases(
        "type: postgresql, uri: 'postgresql://u@[::1]/d?sslmode=verify-full', password: p, name: x"
    )
    assert (database.host, database.port, database.name) == ("::1", 5432, "x")
    assert database.password.reveal() == "p"
    assert database.options == {"sslmode": "verify-full"}


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("uri: a", "n.type: is required"),
        ("type: starrocks, uri: a", "one of sqlite, duckdb, postgresql, mysql"),
        ("type: sqlite", "by one of uri, dbs and path_pattern; found none of them"),
        ("type: sqlite, uri: a, path_pattern: b", "found uri and path_pattern"),
        ("type: sqlite, uri: ':memory:'", "a database in memory has nothing to ask"),
        ("type: sqlite, uri: 'sqlite://'", "sqlite:///path"),
        ("type: sqlite, uri: 'sqlite:///'", "the path of a database file"),
        ("type: sqlite, uri: 'duckdb:///a'", "sqlite:///path for a sqlite database"),
        ("type: sqlite, uri: 'sqlite://host/a'", "sqlite:///path"),
        ("type: sqlite, uri: a, host: h", "n.host: cannot be used here: a sqlite database is a file"),
        ("type: sqlite, uri: a, schema: s", "n.schema: cannot be used here"),
        ("type: sqlite, dbs: []", "n.dbs: expected a list with at least one entry"),
        ("type: sqlite, dbs: [{name: a}]", "n.dbs[0].uri: is required"),
        ("type: sqlite, dbs: [{uri: a, nam: b}]", "n.dbs[0].nam: unknown key; did you mean 'name'?"),
        ("type: sqlite, dbs: [{uri: a.db}, {uri: x/a.db}]", "are both named 'a'"),
        ("type: sqlite, dbs: [{uri: a}], name: x", "n.name: cannot be used here"),
        ("type: sqlite, path_pattern: '*.nothing'", "no file matches '*.nothing'"),
        ("type: sqlite, path_pattern: '**/dat*'", "no file matches"),
        ("type: mysql, database: d", "n.host: is required"),
        ("type: mysql, host: h", "n.database: is required"),
        ("type: mysql, host: h, database: d, path_pattern: x", "n.path_pattern: cannot be used here"),
        ("type: mysql, host: h, database: d, port: 70000", "n.port: 70000 is not usable"),
        ("type: mysql, uri: 'mysql://h/d', host: h", "n.host: stands in uri too"),
        ("type: mysql, uri: 'postgresql://h/d'", "expected mysql://user"),
        ("type: mysql, uri: 'mysql://h:x/d'", "n.uri: cannot be read"),
        ("type: mysql, uri: 'mysql://h/d?init_command=x'", "unknown option 'init_command'"),
        ("type: postgresql, uri: 'postgresql://h/d?sslmod=x'", "did you mean 'sslmode'?"),
    ],
)  # fmt: skip
def test_refusals(databases, line, part):
    with pytest.raises(ConfigError) as caught:
        databases(line)
    assert part in caught.value.message


@pytest.mark.parametrize(
    "uri",
    ["mysql://u:s3cret/x@h/d", "mysql://u:s3cret#x@h/d", "mysql://u:s3cret[@h/d", "u:s3cret@h/d"],
)
def test_an_address_that_cannot_be_read_is_not_shown(databases, uri):
    with pytest.raises(ConfigError) as caught:
        databases(f"type: mysql, uri: '{uri}'")
    assert "s3cret" not in caught.value.message
    assert caught.value.__cause__ is None
