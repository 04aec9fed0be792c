"""Holidays: whose they are, which years are known, and that the library is loaded late."""

import subprocess
import sys
from datetime import date

import pytest

from datus.dates import DateSettings, check_country, read_times
from datus.errors import ConfigError

TODAY = date(2024, 6, 1)


def spans(text: str, country: str | None = None) -> list[tuple[date | None, date | None]]:
    found = read_times(text, today=TODAY, settings=DateSettings(country=country)).ranges
    return [(each.start, each.end) for each in found]


def test_a_country_is_checked() -> None:
    assert check_country("cn") == "CN"
    with pytest.raises(ConfigError, match=r"'XX'.*ISO 3166"):
        check_country("XX")


@pytest.mark.parametrize("country", [None, "XX"])
def test_a_shared_name_needs_a_country(country: str | None) -> None:
    assert spans("Labor Day 2023", country) == []
    assert spans("Christmas holiday 2023", country) == []
    assert spans("Christmas 2023", country) == [(date(2023, 12, 25), date(2023, 12, 26))]


@pytest.mark.parametrize(
    ("country", "day"),
    [("US", date(2023, 9, 4)), ("CA", date(2023, 9, 4)), ("CN", date(2023, 5, 1))],
)
def test_a_shared_name_is_the_countrys_own(country: str, day: date) -> None:
    assert [start for start, _ in spans("Labor Day 2023", country)] == [day]


def test_mothers_day_is_another_day_in_britain() -> None:
    assert spans("Mother's Day 2023", "US") == [(date(2023, 5, 14), date(2023, 5, 15))]
    assert spans("Mother's Day 2023", "GB") == []


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("1980年春节", True), ("2050年春节", True), ("2005年端午节", False), ("1975年国庆节", True),
        ("2005年国庆假期", True), ("1995年国庆假期", False), ("2060年春节假期", False),
        ("Thanksgiving 1950", True), ("Thanksgiving 2090", True), ("Easter 2090", True),
    ],
)  # fmt: skip
def test_far_years_are_known_or_not_guessed(text: str, known: bool) -> None:
    assert bool(spans(text)) == known


def test_the_library_is_loaded_with_the_first_holiday() -> None:
    code = (
        "import sys; from datetime import date; from datus.dates import read_times;"
        "read_times('last 3 months', today=date(2024, 1, 15)); assert 'holidays' not in sys.modules;"
        "read_times('2023年春节', today=date(2024, 1, 15)); assert 'holidays' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
