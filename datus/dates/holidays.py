"""Holidays: days by name, and the days off around them, from the `holidays` library.

The library is loaded when the first holiday that it must know is read, never before.
"""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from datus.dates.calendar import DAY, DateSettings, Period, nth_weekday
from datus.errors import ConfigError


class Nth(NamedTuple):
    """The ``n``-th weekday (Monday 0) of a month, and ``plus`` days."""

    month: int
    weekday: int
    n: int
    plus: int = 0


class Legal(NamedTuple):
    """The first day that a calendar calls by one of these names, and ``plus`` days.

    The calendar is that of ``country``, else of the festival's home, else of the settings.
    """

    names: tuple[str, ...]
    plus: int = 0
    country: str | None = None


class Festival(NamedTuple):
    """A day with a name.

    Attributes:
        english: Its names in lower case, parted by a comma.
        chinese: Its names in simplified Chinese, parted by a space.
        rule: Which day it is: month * 100 + day, or a rule.
        home: ISO 3166 code of the country whose days off it is; None: of the settings' country.
        places: Countries in which the rule holds (None: no country is set); empty: everywhere.
    """

    english: str
    chinese: str
    rule: int | Nth | Legal
    home: str | None = None
    places: tuple[str | None, ...] = ()


_NEW_YEAR = "Chinese New Year (Spring Festival)"
_WORKERS = ("Labor Day", "Labour Day", "International Workers' Day", "Workers' Day", "May Day")
_FAMILY = (None, "US", "CA", "CN", "HK", "TW", "JP", "IN")

FESTIVALS: tuple[Festival, ...] = (
    # fixed days
    Festival("new year's day", "", 101),
    Festival("", "元旦 元旦节", 101, "CN"),
    Festival("valentine's day", "情人节", 214),
    Festival("international women's day, women's day", "妇女节 三八妇女节 三八节", 308),
    Festival("st patrick's day, saint patrick's day", "", 317),
    Festival("april fools' day, april fool's day", "愚人节", 401),
    Festival("earth day", "地球日", 422),
    Festival("may day", "", 501),
    Festival("", "五一 五一节 劳动节 五一劳动节 五一国际劳动节", 501, "CN"),
    Festival("", "青年节 五四青年节", 504),
    Festival("", "儿童节 六一儿童节 六一节", 601),
    Festival("canada day", "", 701, "CA"),
    Festival("", "建军节 八一建军节", 801),
    Festival("", "教师节", 910),
    Festival("chinese national day, china's national day", "国庆 国庆节", 1001, "CN"),
    Festival("halloween", "万圣节", 1031),
    Festival("singles' day, double eleven",
             "双十一 双11 双11节 双十一节 光棍节", 1111),
    Festival("double twelve", "双十二 双12", 1212),
    Festival("christmas eve", "平安夜 圣诞前夜", 1224),
    Festival("christmas, christmas day, xmas, xmas day", "圣诞 圣诞节", 1225),
    Festival("boxing day", "节礼日", 1226),
    Festival("new year's eve", "跨年夜", 1231),
    # a weekday of a month
    Festival("mother's day", "母亲节", Nth(5, 6, 2), None, _FAMILY),
    Festival("father's day", "父亲节", Nth(6, 6, 3), None, _FAMILY),
    Festival("thanksgiving, thanksgiving day", "感恩节", Nth(11, 3, 4), "US"),
    Festival("black friday", "黑五 黑色星期五", Nth(11, 3, 4, 1), "US"),
    Festival("cyber monday", "网络星期一", Nth(11, 3, 4, 4), "US"),
    # by the lunar calendar, the moon or law
    Festival("chinese new year, chinese new year's day, lunar new year, spring festival",
             "春节 大年初一", Legal((_NEW_YEAR,)), "CN"),
    Festival("chinese new year's eve, lunar new year's eve", "除夕 除夕夜 大年三十",
             Legal((_NEW_YEAR,), -1), "CN"),
    Festival("lantern festival", "元宵 元宵节", Legal((_NEW_YEAR,), 14), "CN"),
    Festival("qingming, qingming festival, tomb sweeping day", "清明 清明节",
             Legal(("Tomb-Sweeping Day",)), "CN"),
    Festival("dragon boat festival", "端午 端午节", Legal(("Dragon Boat Festival",)), "CN"),
    Festival("mid autumn festival, moon festival", "中秋 中秋节",
             Legal(("Mid-Autumn Festival",)), "CN"),
    Festival("good friday", "耶稣受难日", Legal(("Good Friday",), 0, "GB")),
    Festival("easter, easter sunday, easter day", "复活节", Legal(("Good Friday",), 2, "GB")),
    Festival("easter monday", "", Legal(("Good Friday",), 3, "GB")),
    Festival("martin luther king day, martin luther king jr day, mlk day", "马丁路德金日",
             Legal(("Martin Luther King Jr. Day",)), "US"),
    Festival("presidents' day, president day, washington's birthday", "总统日",
             Legal(("Washington's Birthday",)), "US"),
    Festival("juneteenth", "", Legal(("Juneteenth National Independence Day",)), "US"),
    Festival("columbus day", "哥伦布日", Legal(("Columbus Day",)), "US"),
    Festival("veterans day", "", Legal(("Veterans Day",)), "US"),
    # the same name for different days: only where a country is set
    Festival("labor day, labour day", "", Legal(_WORKERS)),
    Festival("memorial day", "", Legal(("Memorial Day",))),
    Festival("independence day", "", Legal(("Independence Day",))),
    Festival("national day", "", Legal(("National Day",))),
)  # fmt: skip
"""The table of holidays; a token's value is the place in it."""


def day_of(place: int, year: int, settings: DateSettings) -> date:
    """The day of a festival in a year.

    Raises:
        ValueError: It is not known: the name means different days and no country is set, or the
            country's calendar does not have it in that year.
    """
    festival = FESTIVALS[place]
    if festival.places and settings.country not in festival.places:
        raise ValueError("this country has it on another day")
    match festival.rule:
        case Nth(month, weekday, n, plus):
            return nth_weekday(year, month, weekday, n) + DAY * plus
        case Legal(names, plus, country):
            country = country or festival.home or settings.country
            return _named(country, year, names) + DAY * plus
        case number:
            return date(year, number // 100, number % 100)


def days_off(place: int, day: date, settings: DateSettings) -> Period:
    """The run of days without work around a festival: days off by law and the weekends they join.

    Raises:
        ValueError: It is not known: no country is given, the day itself is worked, or the country
            sets its days off year by year and has not done so for that year.
    """
    country = FESTIVALS[place].home or settings.country
    off = _off(country, day.year) if country else None
    if off is None or day not in off or day not in _calendar(country or "", day.year):
        raise ValueError("which days around it are off is not known")
    start = end = day
    while start - DAY in off:
        start -= DAY
    while end + DAY in off:
        end += DAY
    return Period(start, end + DAY, "day")


@lru_cache(maxsize=64)
def check_country(code: str) -> str:
    """The code as it is known, in capitals.

    Raises:
        ConfigError: There is no calendar of public holidays for it.
    """
    if code.upper() not in _library().list_supported_countries(include_aliases=True):
        raise ConfigError(
            f"no public holidays are known for country {code!r}: give its two-letter ISO 3166 code,"
            " such as CN, US or GB, or leave it out"
        )
    return code.upper()


def _library() -> Any:
    import holidays  # 0.1 s, so only once a holiday is read

    return holidays


@lru_cache(maxsize=256)
def _calendar(country: str, year: int) -> Mapping[date, str]:
    """The names of a country's public holidays in a year; empty where it has no calendar."""
    try:
        days = _library().country_holidays(country, years=year, language="en_US")
    except NotImplementedError:
        return {}
    return {day: days[day] for day in sorted(days)}


def _named(country: str | None, year: int, names: tuple[str, ...]) -> date:
    for day, name in _calendar(country, year).items() if country else ():
        if not set(names).isdisjoint(name.split("; ")):
            return day
    raise ValueError("the calendar has no such day in that year")


@lru_cache(maxsize=256)
def _off(country: str, year: int) -> frozenset[date] | None:
    """The days without work of a year and the weeks around it; None: not settled yet.

    China names the days off, and the weekend days worked in return, for each year in the year
    before; what the library computes for other years is only the law's few days.
    """
    try:
        days = _library().country_holidays(
            country, years=(year - 1, year, year + 1), language="en_US"
        )
    except NotImplementedError:
        return None
    if country == "CN" and year not in days.special_public_holidays:
        return None
    first = date(year, 1, 1) - 21 * DAY
    around = (first + DAY * count for count in range(366 + 42))
    return frozenset(day for day in around if not days.is_working_day(day))
