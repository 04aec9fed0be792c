"""``agent.rate_limits``: limits in words, and where they are counted."""

from pathlib import Path

import pytest

from datus.config import RateLimit, RateLimitsConfig, Secret, load_settings
from datus.errors import ConfigError


def load(folder: Path, section: str) -> RateLimitsConfig:
    path = folder / "agent.yml"
    path.write_text(
        f"agent:\n  namespace: {{shop: {{type: sqlite, uri: shop.db}}}}\n  rate_limits: {section}\n"
    )
    env = {"REDIS": "redis://:p%40ss@cache:6379/3"}
    return load_settings(path, env=env, home=folder, cwd=folder).rate_limits


def test_without_settings_the_store_counts_failed_sign_ins_only(tmp_path):
    assert load(tmp_path, "") == RateLimitsConfig()
    assert RateLimitsConfig().default is None


def test_every_setting(tmp_path):
    section = "{default: 600/minute, client_failures: 5/hour, address_failures: 9 / 2 days, storage: memory}"
    assert load(tmp_path, section) == RateLimitsConfig(
        "memory",
        None,
        RateLimit(600, "minute"),
        RateLimit(5, "hour"),
        RateLimit(9, "day", 2),
    )


@pytest.mark.parametrize("address", ["redis://cache", "rediss://u:p@[::1]:7000/1?ssl_ca_certs=/ca"])
def test_addresses_of_redis(tmp_path, address):
    assert load(tmp_path, f"{{storage: '{address}'}}") == RateLimitsConfig("redis", Secret(address))


def test_an_address_may_come_from_the_environment(tmp_path):
    found = load(tmp_path, "{storage: '${REDIS}'}")
    assert found.url == Secret("redis://:p%40ss@cache:6379/3")
    assert "p%40ss" not in repr(found)


@pytest.mark.parametrize(
    "storage",
    [
        "hunter2",
        "postgresql://u:hunter2@db/x",
        "redis://:hunter2@",
        "redis://:hunter2@cache:port",
        "redis://:hunter2@cache/name",
        "redis://:hunter2@cache#x",
        "redis://:hunter2@cache?ssl_cert_reqs=none",
        "redis://:hunter2@cache?hunter3",
    ],
)
def test_other_storages_are_refused_without_showing_them(tmp_path, storage):
    with pytest.raises(ConfigError, match=r"agent\.rate_limits\.storage: ") as caught:
        load(tmp_path, f"{{storage: '{storage}'}}")
    assert "hunter" not in caught.value.message


@pytest.mark.parametrize(
    "limit",
    ["60", "0/minute", "60/fortnight", "60/0 minutes", "a/minute", "60/minute/hour", "-1/day"],
)
def test_words_that_are_no_limit_are_refused(tmp_path, limit):
    with pytest.raises(ConfigError, match="expected a form such as 60/minute or 20/5 minutes"):
        load(tmp_path, f"{{default: '{limit}'}}")


@pytest.mark.parametrize("text", ["60/minute", "20/5 minutes", "1/day", "7/2 hours"])
def test_a_limit_reads_as_it_is_written(text):
    assert str(RateLimit.parse(text)) == text
