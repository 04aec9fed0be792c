"""A namespace's section to its databases: addresses taken apart, file patterns followed."""

import glob
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from datus.config.reader import Source, unknown
from datus.config.values import DatabaseConfig, KnowledgeSources, NamespaceConfig, Secret
from datus.types import Dialect, area_of

_FILE_TYPES: tuple[Dialect, ...] = ("sqlite", "duckdb")
_SERVER_KEYS = ("host", "port", "username", "password", "schema")
_SCHEMES: Mapping[Dialect, tuple[str, ...]] = {
    "sqlite": ("sqlite",),
    "duckdb": ("duckdb",),
    "postgresql": ("postgresql", "postgres"),
    "mysql": ("mysql", "mariadb"),
}
_PORTS: Mapping[Dialect, int] = {"postgresql": 5432, "mysql": 3306}
# Only what decides how the connection is secured: everything else could loosen what datus sets.
_OPTIONS: Mapping[Dialect, tuple[str, ...]] = {
    "postgresql": ("sslmode", "sslrootcert", "sslcert", "sslkey"),
    "mysql": ("ssl_ca", "ssl_cert", "ssl_key"),
}


def make_namespace(name: str, section: Mapping[str, Any], source: Source) -> NamespaceConfig:
    """The namespace of a checked section of the file.

    Raises:
        ConfigError: Not exactly one way to say where the databases are, an address that cannot be
            read, a pattern that finds no file, two databases of one name.
    """
    at = f"agent.namespace.{name}"
    make = _file_databases if section["type"] in _FILE_TYPES else _server_databases
    databases = make(section, source, at)
    seen: dict[str, DatabaseConfig] = {}
    for database in databases:
        other = seen.setdefault(database.name, database)
        if other is not database:
            raise source.error(
                at,
                f"{other.path} and {database.path} are both named {database.name!r}; give them names in dbs.",
            )
    for lower, upper in (("layer1", "domain"), ("layer2", "layer1")):
        if section[lower] is not None and section[upper] is None:
            raise source.error(f"{at}.{upper}", f"is required where {lower} stands.")
    return NamespaceConfig(
        name,
        tuple(databases),
        section["timezone"],
        section["description"],
        area=area_of(section["domain"], section["layer1"], section["layer2"]),
        knowledge=_knowledge(section["knowledge"], databases, source, at),
    )


def _knowledge(
    section: Mapping[str, Any], databases: list[DatabaseConfig], source: Source, at: str
) -> KnowledgeSources:
    names = [database.name for database in databases]
    about = section["database"]
    if about is not None and about not in names:
        raise source.error(
            f"{at}.knowledge.database", f"there is no such database; {unknown(about, names)}"
        )
    if about is None and len(names) > 1 and section["metrics"] is not None:
        raise source.error(
            f"{at}.knowledge.database",
            f"is required where several databases stand beside metrics; one of: {', '.join(names)}.",
        )
    given = {key: value for key, value in section.items() if value is not None}
    return KnowledgeSources(**given)


def _file_databases(section: Mapping[str, Any], source: Source, at: str) -> list[DatabaseConfig]:
    dialect: Dialect = section["type"]
    _refuse(
        section,
        _SERVER_KEYS if dialect == "sqlite" else _SERVER_KEYS[:-1],
        source,
        at,
        f"a {dialect} database is a file",
    )
    ways = [key for key in ("uri", "dbs", "path_pattern") if section[key] is not None]
    if len(ways) != 1:
        found = " and ".join(ways) or "none of them"
        raise source.error(
            at, f"say where the files are by one of uri, dbs and path_pattern; found {found}."
        )
    schema = section["schema"]
    if section["uri"] is not None:
        path = _file(section["uri"], dialect, source, f"{at}.uri")
        name = section["name"] or section["database"] or path.stem
        return [DatabaseConfig(name, dialect, path, schema=schema)]
    _refuse(
        section,
        ("name", "database"),
        source,
        at,
        "several databases are named by their files or by dbs",
    )
    if section["dbs"] is not None:
        named = [
            (entry["name"], _file(entry["uri"], dialect, source, f"{at}.dbs[{n}].uri"))
            for n, entry in enumerate(section["dbs"])
        ]
    else:
        named = [(None, path) for path in _matches(section["path_pattern"], source, at)]
    return [DatabaseConfig(name or path.stem, dialect, path, schema=schema) for name, path in named]


def _file(uri: Secret, dialect: Dialect, source: Source, at: str) -> Path:
    """The file of a plain path, ``sqlite:///relative`` or ``sqlite:////absolute``."""
    text = uri.reveal()
    scheme, mark, rest = text.partition("://")
    if mark:
        if scheme.lower() != dialect or not rest.startswith("/"):
            raise source.error(
                at, f"expected a path or {dialect}:///path for a {dialect} database."
            )
        text = rest[1:]
    if text in ("", ":memory:"):
        raise source.error(
            at, "expected the path of a database file; a database in memory has nothing to ask."
        )
    return source.resolve(text)


def _matches(pattern: str, source: Source, at: str) -> list[Path]:
    rooted = str(source.resolve(pattern)) if pattern.startswith("~") else pattern
    found = sorted(glob.glob(rooted, root_dir=source.folder, recursive=True))
    files = [path for path in (source.resolve(name) for name in found) if path.is_file()]
    if not files:
        raise source.error(
            f"{at}.path_pattern", f"no file matches {pattern!r} (looked from {source.folder})."
        )
    return files


def _server_databases(section: Mapping[str, Any], source: Source, at: str) -> list[DatabaseConfig]:
    dialect: Dialect = section["type"]
    _refuse(
        section,
        ("dbs", "path_pattern"),
        source,
        at,
        f"it is for files, and a {dialect} database is on a server",
    )
    given = DatabaseConfig(
        section["name"] or "",
        dialect,
        None,
        section["host"],
        section["port"],
        section["username"],
        section["password"],
        section["database"],
        section["schema"],
    )
    if section["uri"] is not None:
        given = _merge(given, section["uri"].reveal(), source, at)
    if not given.host or not given.database:
        absent = "host" if not given.host else "database"
        raise source.error(
            f"{at}.{absent}", f"is required for a {dialect} database, here or in uri."
        )
    return [replace(given, name=given.name or given.database, port=given.port or _PORTS[dialect])]


def _merge(given: DatabaseConfig, uri: str, source: Source, at: str) -> DatabaseConfig:
    """What the address says, together with the keys beside it; a part must not stand in both."""
    try:
        url = urlsplit(uri)
        port = url.port
    except ValueError:
        raise source.error(
            f"{at}.uri", "cannot be read; write a special character of the password as %XX."
        ) from None
    if url.scheme.split("+")[0].lower() not in _SCHEMES[given.type] or url.fragment:
        raise source.error(
            f"{at}.uri",
            f"expected {given.type}://user:password@host:port/database; write a special character of the password as %XX.",
        )
    said = {
        "host": url.hostname,
        "port": port,
        "username": None if url.username is None else unquote(url.username),
        "password": None if url.password is None else Secret(unquote(url.password)),
        "database": unquote(url.path.removeprefix("/")) or None,
    }
    parts: dict[str, Any] = {key: value for key, value in said.items() if value is not None}
    for key in parts:
        if getattr(given, key) is not None:
            raise source.error(f"{at}.{key}", "stands in uri too; keep one of them.")
    return replace(given, options=_options(url, given.type, source, at), **parts)


def _options(url: SplitResult, dialect: Dialect, source: Source, at: str) -> Mapping[str, str]:
    options = dict(parse_qsl(url.query, keep_blank_values=True))
    for key in options:
        if key not in _OPTIONS[dialect]:
            raise source.error(
                f"{at}.uri", f"unknown option {key!r}; {unknown(key, _OPTIONS[dialect])}"
            )
    return MappingProxyType(options)


def _refuse(
    section: Mapping[str, Any], keys: tuple[str, ...], source: Source, at: str, why: str
) -> None:
    for key in keys:
        if section[key] is not None:
            raise source.error(f"{at}.{key}", f"cannot be used here: {why}.")
