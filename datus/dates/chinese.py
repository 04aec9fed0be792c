"""Chinese words of time (simplified; the reader folds traditional ones) and Chinese numbers."""

import re
from collections.abc import Iterator, Mapping

from datus.dates.calendar import Unit
from datus.dates.holidays import FESTIVALS
from datus.dates.tokens import Entry

_TABLE: tuple[tuple[Entry, str], ...] = (
    (Entry("day_offset", -3), "大前天 大前日"),
    (Entry("day_offset", -2), "前天 前日"),
    (Entry("day_offset", -1), "昨天 昨日"),
    (Entry("day_offset", 0), "今天 今日 本日"),
    (Entry("day_offset", 1), "明天 明日"),
    (Entry("day_offset", 2), "后天 后日"),
    (Entry("day_offset", 3), "大后天"),
    (Entry("year_offset", -3), "大前年"),
    (Entry("year_offset", -2), "前年"),
    (Entry("year_offset", -1), "去年 去年度 上年 上年度"),
    (Entry("year_offset", 0), "今年 今年度 本年 本年度 当年"),
    (Entry("year_offset", 1), "明年 明年度"),
    (Entry("year_offset", 2), "后年"),
    (Entry("this", -3), "上上上 上上上个"),
    (Entry("this", -2), "上上 上上个 大上 大上个"),
    (Entry("this", -1), "上 上个 上一 上一个"),
    (Entry("this", 0), "本 这 这个 这一 这一个 当前"),
    (Entry("this", 1), "下 下个 下一 下一个"),
    (Entry("this", 2), "下下 下下个"),
    (Entry("past", weak=True), "近 最近 过去 过往 最近这 过去这 近这"),
    (Entry("full"), "完整 整 整个 自然"),
    (Entry("unit", unit="day"), "天 日 自然日 自然天 日历日"),
    (Entry("unit", unit="week"), "周 星期 礼拜"),
    (Entry("unit", unit="weekend"), "周末"),
    (Entry("unit", unit="month"), "月 月份 月度"),
    (Entry("unit", unit="quarter"), "季 季度"),
    (Entry("unit", unit="year"), "年 年度 全年"),
    (Entry("unit", unit="fiscal_year"), "财年 财政年度 财务年度"),
    (Entry("unit", unit="fiscal_quarter"), "财季"),
    (Entry("half", 1), "上半年"),
    (Entry("half", 2), "下半年"),
    (Entry("quarter", 1), "首季 首季度"),
    (Entry("quarter", 4), "末季 末季度"),
    (Entry("month", 1), "元月"),
    (Entry("third", 0), "上旬"),
    (Entry("third", 1), "中旬"),
    (Entry("third", 2), "下旬"),
    (Entry("third", 3), "上半月"),
    (Entry("third", 4), "下半月"),
    (Entry("ordinal", 1), "首个 首 头 头一个"),
    (Entry("ordinal", -1), "最后 最末"),
    (Entry("unit_start", unit="year"), "年初 年头"),
    (Entry("unit_start", unit="quarter"), "季初 季度初"),
    (Entry("unit_start", unit="month"), "月初"),
    (Entry("unit_start", unit="week"), "周初"),
    (Entry("unit_end", unit="year"), "年底 年末"),
    (Entry("unit_end", unit="quarter"), "季末 季度末"),
    (Entry("unit_end", unit="month"), "月底 月末"),
    (Entry("edge", 1), "初"),
    (Entry("edge", -1), "底 末"),
    (Entry("including"), "包括 包含 含"),
    (Entry("excluding"), "不包括 不包含 不含 不计 不算 除去 除了 除"),
    (Entry("same"), "同 同一 同一个"),
    (Entry("same_span"), "同期 同一时期"),
    (Entry("that", unit="week"), "那周 那一周 当周 所在周 所在的周 那个星期 那星期"),
    (Entry("that", unit="day"), "当天 当日 那天 那一天"),
    (Entry("since"), "自 自从"),
    (Entry("onward"), "以来 至今 迄今 迄今为止 到现在 到今天 到今日 至今天 到目前 到目前为止"),
    (Entry("onward"), "截至目前 截止目前 截至现在 以来至今 起至今 开始至今"),
    (Entry("onward", 1), "起 开始"),
    (Entry("before_after"), "之前 以前"),
    (Entry("before_after", weak=True), "前"),
    (Entry("after_after"), "之后 以后"),
    (Entry("after_after", weak=True), "后"),
    (Entry("until"), "截至 截止 截至到 截止到 截止至"),
    (Entry("from"), "从 由"),
    (Entry("between", weak=True), "介于"),
    (Entry("in"), "在 于"),
    (Entry("to"), "到 至"),
    (Entry("stop"), "为止 止"),
    (Entry("and"), "和 与 跟 及 以及 或 或者"),
    (Entry("and", 1), "对比 相比 相比于 相较 相较于 比较 较之 比起 对照"),
    (Entry("versus"), "比 较"),
    (Entry("versus", weak=True), "超过 多于 少于 不到 高于 低于 大于 小于 不如 不及"),
    (Entry("before"), "早于 先于"),
    (Entry("after"), "晚于"),
    (Entry("since"), "不早于"),
    (Entry("until"), "不晚于"),
    (Entry("comparing"), "并列 并排 放在一起 放在一起看 放在一起比 放在一起比较 放一起看 放一起比较 摆在一起"),
    (Entry("comparing"), "摆在一起看 并列展示 并列显示 并排展示 作对照 做对照 进行对照 一起对比 一起比较"),
    (Entry("comparing"), "做比较 作比较 做对比 作对比 进行对比 进行比较"),
    (Entry("compare", 1, "year"), "同比 年同比 月同比 季同比 季度同比 日同比"),
    (Entry("compare", 1, "week"), "周同比"),
    (Entry("compare"), "环比"),
    (Entry("compare", 1, "year"), "年环比"),
    (Entry("compare", 1, "quarter"), "季环比 季度环比"),
    (Entry("compare", 1, "month"), "月环比 月度环比"),
    (Entry("compare", 1, "week"), "周环比"),
    (Entry("compare", 1, "day"), "日环比"),
    (Entry("days_off"), "假期 长假 小长假 黄金周 假日 节假期 假"),
    (Entry("days_off", 1), "期间"),
    (Entry("unclear"), "年中 月中 季中 周中 前后 左右 上下"),
    (Entry("unclear"), "春季 夏季 秋季 冬季 春天 夏天 秋天 冬天 暑假 寒假 暑期 夏日 冬日 盛夏 初春"),
    (Entry("unclear"), "七夕 七夕节 重阳 重阳节 腊八 农历 阴历 正月 腊月 寒食"),
    (Entry("unclear"), "清晨 早晨 早上 凌晨 上午 中午 下午 傍晚 晚上 晚间 夜间 夜里 午夜"),
    (Entry("unclear"), "工作日 交易日 营业日 自然日历"),
    (Entry("mass"), "销售额 营业额 营收 营业收入 收入 利润 毛利 业绩 成本 费用 支出 流水"),
    (Entry("each"), "每 每个 每一 逐 各"),
    # Words that only begin like words of time, or end like them.
    (Entry("other"), "同时 同样 自动 自己 整体 周期 前端 前台 后台 后端 后续 年龄 年薪 月薪 月份数"),
    (Entry("other"), "月活 日活 日本 日期 日常 季节 初中 初级 底部 起点 到达 到期 到账 到货 上海 下单"),
    (Entry("other"), "上架 下架 本身 近似 目前 线上 线下 网上 以上 以下 路上 店上 实际上 基本上"),
    (Entry("other"), "历史上 市面上 身上 今日头条 明日之后 明日方舟 每日 一样 头部 首页 首次 首单 末端"),
    (Entry("other"), "占比 比例 比率 比如 比重 比赛 百分比 性价比 比特 较高 较低 较大 较小 较多 较少 月饼"),
    (Entry("other"), "周杰伦 周边 周报 周转 周转率 年级 年糕 年货 月子 月台 日用 日用品 日化 天猫 天津 天数"),
    (Entry("other"), "后天性 明天系 前天线 年轻 年轻人 上周期 下周期 五一路 五一广场 五一大道 国庆路 最近似"),
    (Entry("other"), "一起 发起 引起 兴起 超前 提前 前列 前期 后期 前缀 前提 后缀 初始 初次 至少 至多 甚至 乃至"),
    (Entry("other"), "于是 由于 关于 对于 属于 等于 由来 自营 自提 自然人 本地 本科 本金 本人"),
    (Entry("other"), "得到 收到 迟到 达到 到店 到家 到手 从业 从事 同学 同城 同款 同类 假设 假如 假货 真假 假发"),
    (Entry("other"), "上门 上级 上游 上限 上线 上传 上升 上涨 上下文 上衣 下级 下游 下限 下载 下降 下跌 下属 下拉"),
)  # fmt: skip

_WEEKS = "周 星期 礼拜"
_THIS_UNITS: tuple[tuple[str, Unit], ...] = (
    ("当月", "month"),
    ("当季", "quarter"),
    ("当季度", "quarter"),
)
_DIGITS: Mapping[str, int] = {
    **{char: number for number, char in enumerate("零一二三四五六七八九")},
    "〇": 0,
    "两": 2,
}
_SCALES: Mapping[str, int] = {"十": 10, "百": 100, "千": 1000}
NUMERALS = "〇零一二三四五六七八九十百千两廿卅"
_ONE = "[一二三四五六七八九两]"
_WRITTEN = re.compile(
    rf"(?:{_ONE}千)?零?(?:{_ONE}百)?零?(?:{_ONE}?十)?零?{_ONE}?|{_ONE}百{_ONE}|(?:廿|卅){_ONE}?"
)


def _entries() -> Iterator[tuple[str, tuple[Entry, ...]]]:
    for entry, words in _TABLE:
        for word in words.split():
            yield word, (entry,)
    for week in _WEEKS.split():
        for number, char in enumerate("一二三四五六日"):
            yield week + char, (Entry("unit", unit="week"), Entry("weekday", number))
        yield week + "一共", (Entry("unit", unit="week"),)  # 上周一共: no Monday
        yield week + "天", (Entry("unit", unit="week"), Entry("weekday", 6))
    for word, unit in _THIS_UNITS:
        yield word, (Entry("this", 0), Entry("unit", unit=unit))
    yield "至今年", (Entry("to"), Entry("year_offset", 0))
    for third, part in enumerate("上旬 中旬 下旬 上半月 下半月".split()):
        yield "月" + part, (Entry("unit", unit="month"), Entry("third", third))
    for word in ("上期", "上一期", "前一期"):
        yield word, (Entry("this", -1), Entry("same_span"))
    for word in ("上个半年", "上一个半年"):
        yield word, (Entry("this", -1), Entry("unit", unit="half"))
    for word in ("同日", "同天", "同一天", "同一日"):
        yield word, (Entry("same"), Entry("unit", unit="day"))
    yield "半年", (Entry("number", 6), Entry("unit", unit="month"))
    for place, festival in enumerate(FESTIVALS):
        for word in festival.chinese.split():
            yield word, (Entry("holiday", place),)
            if word == "国庆":
                for rest in ("假期", "长假", "小长假", "黄金周", "期间", "假日"):
                    yield "十一" + rest, (Entry("holiday", place), Entry("days_off"))


WORDS: Mapping[str, tuple[Entry, ...]] = dict(_entries())


def _longest() -> Iterator[tuple[str, int]]:
    for word in sorted(WORDS, key=len):
        yield word[0], len(word)


LONGEST: Mapping[str, int] = dict(_longest())
"""For the first character of a word, the length of the longest word that begins with it."""


def number(text: str) -> int | None:
    """The value of Arabic or Chinese digits: ``30``, ``三十一``, ``一百八``, ``二〇二三``.

    None for what is no one number, such as 两三.
    """
    if text.isdigit() and text.isascii():
        return int(text)
    if len(text) in (2, 4) and all(char in _DIGITS for char in text):
        value = int("".join(str(_DIGITS[char]) for char in text))
        return value if len(text) == 4 else None
    if not _WRITTEN.fullmatch(text):
        return None
    total = pending = 0
    for char in text.replace("廿", "二十").replace("卅", "三十"):
        if char in _SCALES:
            total += (pending or 1) * _SCALES[char]
            pending = 0
        else:
            pending = _DIGITS[char]
    short = len(text) > 1 and text[-2] == "百"  # 一百八 is 180
    return total + pending * (10 if short else 1)
