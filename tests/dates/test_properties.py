"""What holds for every text and every day."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from datus.dates import DateSettings, find_time_ranges
from datus.dates.chinese import number

WORDS = (
    "last this next past since before after between and from to of in the first second half quarter"
    " month year week day days 3 7 2023 31 30 Q3 H1 FY24 Feb March may 2024-02-30 2023-11-05 ago , -"
    " the end beginning Friday 's same period YTD onward each"
    " vs compared with than growth over YoY Christmas holiday weekend ended starting Monday 11/2023"
    " 20231105 '23 L30D mid early nineties 90s through now fiscal"
)
CHINESE = "上 下 本 去年 今年 近 过去 三 两 个 完整 月 周 天 季度 年 日 号 前 后 之前 以来 至今 到 从 和 第 二〇二三年 十一 31日 底 初 同期 春节"
CHINESE += " 同比 环比 比 较 相比 与 国庆 假期 期间 上旬 中旬 最后 周五 起 截至 月底 年初 半年 双十一 年代 第三周"
DAYS = st.dates(date(1950, 1, 1), date(2090, 12, 31))
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(WORDS.split()), max_size=12).map(" ".join),
    st.lists(st.sampled_from(CHINESE.split()), max_size=12).map("".join),
    st.lists(st.sampled_from([*WORDS.split(), *CHINESE.split()]), max_size=12).map(" ".join),
)
SETTINGS = st.builds(
    DateSettings,
    week_start=st.integers(0, 6),
    fiscal_year_start=st.integers(1, 12),
    includes_today=st.booleans(),
    rolling=st.booleans(),
    day_first=st.sampled_from([None, True, False]),
)


@given(TEXTS, DAYS, SETTINGS)
def test_ranges_are_sound(text: str, today: date, settings: DateSettings) -> None:
    ended = 0
    for found in find_time_ranges(text, today=today, settings=settings):
        assert found.start is not None or found.end is not None
        if found.start and found.end:
            assert found.start < found.end
        begin, end = found.span
        assert text[begin:end] == found.words != ""
        assert begin >= ended
        ended = end


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)), DAYS)
def test_every_written_day_is_read(day: date, today: date) -> None:
    forms = (
        day.isoformat(),
        f"{day:%B} {day.day}, {day.year}",
        f"{day.day} {day:%b} {day.year}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day.year}/{day.month}/{day.day}",
    )
    for form in forms:
        (found,) = find_time_ranges(f"orders on {form}", today=today)
        assert (found.start, found.end) == (day, day + timedelta(days=1)), form


@given(st.integers(1, 400), DAYS)
def test_a_window_of_days_has_that_many(count: int, today: date) -> None:
    for text in (f"past {count} days", f"近{count}天"):
        (found,) = find_time_ranges(text, today=today)
        assert found.start == today - timedelta(days=count - 1)
        assert found.end == today + timedelta(days=1)


@given(DAYS)
def test_units_follow_each_other(today: date) -> None:
    for unit in ("week", "month", "quarter", "year"):
        (last,), (this,), (following,) = (
            find_time_ranges(f"{word} {unit}", today=today) for word in ("last", "this", "next")
        )
        assert last.end == this.start
        assert this.end == following.start
        assert this.start is not None
        assert this.end is not None
        assert this.start <= today < this.end


@given(st.integers(1, 99))
def test_chinese_numbers(value: int) -> None:
    digits = "零一二三四五六七八九"
    tens, ones = divmod(value, 10)
    text = (
        (digits[tens] if tens > 1 else "") + ("十" if tens else "") + (digits[ones] if ones else "")
    )
    assert number(text) == value


def test_chinese_hundreds() -> None:
    assert [number(t) for t in ("一百", "一百零五", "一百八", "一百八十", "三百六十五", "二〇二三", "两")] == [
        100, 105, 180, 180, 365, 2023, 2,
    ]  # fmt: skip
