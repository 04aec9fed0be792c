"""Chinese words of time (simplified; the reader folds traditional ones) and Chinese numbers."""

from collections.abc import Iterator, Mapping

from datus.dates.calendar import Unit
from datus.dates.tokens import Entry

_TABLE: tuple[tuple[Entry, str], ...] = (
    (Entry("day_offset", -3), "大前天"),
    (Entry("day_offset", -2), "前天 前日"),
    (Entry("day_offset", -1), "昨天 昨日"),
    (Entry("day_offset", 0), "今天 今日 本日"),
    (Entry("day_offset", 1), "明天 明日"),
    (Entry("day_offset", 2), "后天"),
    (Entry("year_offset", -3), "大前年"),
    (Entry("year_offset", -2), "前年"),
    (Entry("year_offset", -1), "去年 去年度 上年 上年度"),
    (Entry("year_offset", 0), "今年 今年度 本年 本年度 当年"),
    (Entry("year_offset", 1), "明年"),
    (Entry("year_offset", 2), "后年"),
    (Entry("this", -2), "上上 上上个"),
    (Entry("this", -1), "上 上个 上一 上一个"),
    (Entry("this", 0), "本 这 这个 这一 这一个 当前"),
    (Entry("this", 1), "下 下个 下一 下一个"),
    (Entry("past", weak=True), "近 最近 过去 过往"),
    (Entry("full"), "完整 整 整个 自然"),
    (Entry("unit", unit="day"), "天 日"),
    (Entry("unit", unit="week"), "周 星期 礼拜"),
    (Entry("unit", unit="weekend"), "周末"),
    (Entry("unit", unit="month"), "月 月份"),
    (Entry("unit", unit="quarter"), "季 季度"),
    (Entry("unit", unit="year"), "年 年度"),
    (Entry("unit", unit="fiscal_year"), "财年 财政年度"),
    (Entry("half", 1), "上半年"),
    (Entry("half", 2), "下半年"),
    (Entry("quarter", 1), "首季 首季度"),
    (Entry("month", 1), "元月"),
    (Entry("third", 0), "上旬"),
    (Entry("third", 1), "中旬"),
    (Entry("third", 2), "下旬"),
    (Entry("ordinal", 1), "首个"),
    (Entry("ordinal", -1), "最后"),
    (Entry("unit_start", unit="year"), "年初"),
    (Entry("unit_start", unit="quarter"), "季初 季度初"),
    (Entry("unit_start", unit="month"), "月初"),
    (Entry("unit_start", unit="week"), "周初"),
    (Entry("edge", 1), "初"),
    (Entry("edge", -1), "底 末"),
    (Entry("same"), "同"),
    (Entry("same_span"), "同期"),
    (Entry("that_week"), "那周 那一周 当周 所在周 所在的周"),
    (Entry("since"), "自 自从"),
    (Entry("onward"), "以来 至今 迄今 迄今为止 到现在 到今天 到今日 至今天 到目前 到目前为止"),
    (Entry("onward"), "起 起至今 开始 开始至今 以来至今"),
    (Entry("before_after"), "之前 以前"),
    (Entry("before_after", weak=True), "前"),
    (Entry("after_after"), "之后 以后"),
    (Entry("after_after", weak=True), "后"),
    (Entry("until"), "截至 截止 截至到 截止到 截止至"),
    (Entry("from"), "从 由"),
    (Entry("in"), "在 于"),
    (Entry("to"), "到 至"),
    (Entry("and"), "和 与 跟 及 以及 或 或者 对比 相比"),
    (Entry("holiday", 1225), "圣诞 圣诞节"),
    (Entry("holiday", 101), "元旦"),
    (Entry("holiday", 214), "情人节"),
    (Entry("holiday", 1111), "双十一 双11 光棍节"),
    (Entry("holiday", 1212), "双十二 双12"),
    (Entry("holiday", 1001), "国庆节"),
    (Entry("unclear"), "年底 年末 季末 季度末 月底 月末 周初 年中 月中"),
    (Entry("each"), "每 每个 每一"),
    # Their days follow the lunar calendar or are set year by year.
    (Entry("unclear"), "春节 除夕 清明 端午 中秋 七夕 农历 正月 腊月 五一 黄金周"),
    (Entry("unclear"), "国庆 国庆假期 国庆节假期 元旦假期 假期"),
    # Words that only begin like words of time.
    (Entry("other"), "同比 同时 同样 自动 自己 整体 周期 前端 前台 后台 后端 后续 年龄 年薪 月薪"),
    (
        Entry("other"),
        "月活 日活 日本 日期 日常 季节 初中 初级 底部 起点 到达 到期 到账 到货 上海 下单 上架 下架 本身 近似",
    ),
)

_WEEKS = "周 星期 礼拜"
_DIGITS: Mapping[str, int] = {
    **{char: number for number, char in enumerate("零一二三四五六七八九")},
    "〇": 0,
    "两": 2,
}
_SCALES: Mapping[str, int] = {"十": 10, "百": 100}


def _entries() -> Iterator[tuple[str, tuple[Entry, ...]]]:
    for entry, words in _TABLE:
        for word in words.split():
            yield word, (entry,)
    for week in _WEEKS.split():
        for number, char in enumerate("一二三四五六日"):
            yield week + char, (Entry("unit", unit="week"), Entry("weekday", number))
        yield week + "天", (Entry("unit", unit="week"), Entry("weekday", 6))
    for word, unit in _THIS_UNITS:
        yield word, (Entry("this", 0), Entry("unit", unit=unit))
    yield "半年", (Entry("number", 6), Entry("unit", unit="month"))


_THIS_UNITS: tuple[tuple[str, Unit], ...] = (
    ("当月", "month"),
    ("当季", "quarter"),
    ("当季度", "quarter"),
)

WORDS: Mapping[str, tuple[Entry, ...]] = dict(_entries())
LONGEST = max(len(word) for word in WORDS)


def number(text: str) -> int:
    """The value of Arabic or Chinese digits: ``30``, ``三十一``, ``一百八``, ``二〇二三``."""
    if text.isdigit() and text.isascii():
        return int(text)
    if not any(char in _SCALES for char in text):
        return int("".join(str(_DIGITS[char]) for char in text))
    total = pending = 0
    for char in text:
        if char in _SCALES:
            total += (pending or 1) * _SCALES[char]
            pending = 0
        else:
            pending = _DIGITS[char]
    short = len(text) > 1 and text[-2] == "百"  # 一百八 is 180
    return total + pending * (10 if short else 1)
