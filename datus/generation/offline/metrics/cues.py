"""Cue words of questions over metrics: the generator's own lexicons, with what only metrics need on top."""

from collections.abc import Mapping

from datus.generation.offline import chinese, english
from datus.generation.offline.cues import Cue, CueKind, table
from datus.generation.offline.linking import lookup_cue
from datus.text import Token

_OWN: Mapping[str, Cue] = table(
    {
        Cue("rows", "which"): "which | what | which of the | 哪个 | 哪一个 | 哪家 | 哪一家 | 哪位 | 哪种"
        " | 哪一种 | 哪类 | 哪一类 | 哪 | 哪款 | 哪条 | 是哪个 | 哪座 | 哪一 | 在哪个 | 在哪一个 | 在哪家",
        Cue("rows", "which several"): "哪些 | 哪几个 | 哪几家 | 有哪些 | 是哪些 | 哪几种 | 哪几 | 在哪些",
        Cue("rows"): "look like | looks like | looked like | looking like | i like | i like to | would like | would like to | like to see | 是多少 | 各是多少 | 是什么 | 多少 | 有多少 | 为多少 | 有多大 | 多大",
        Cue("relative"): "brought in | bring in | brings in | bringing in | pulled in | taken in | took in"
        " | 贡献了 | 贡献的 | 贡献出 | 贡献过 | 贡献多少 | 所贡献 | 贡献了多少 | 带来 | 带来了 | 带来的 | 创造 | 创造了 | 创造的"
        " | 产生了 | 产生的 | 达到了 | 达成 | 达成了 | 实现了 | 创收 | 赚了 | 赚到 | 赚取 | 录得 | 取得 | 取得了",
        Cue("group"): "by | across | split by | segmented by | sliced by | grouped by | group by"
        " | grouped | broken down by | broken out by | break down by | breakdown by | broken down across"
        " | divided by | separated by | in terms of | according to | based on | aggregated by | 按 | 按照"
        " | 依 | 依照 | 依据 | 根据 | 分 | 区分 | 以",
        Cue("each"): "per | each | every | for each | for every | in each | in every | of each | at each"
        " | by each | for different | in different | by different | of different | for various | within each"
        " | of every | from each | 每个 | 每家 | 每位 | 每种 | 每名 | 每类 | 每一个 | 每一种 | 每"
        " | 各个 | 各 | 各类 | 各种 | 各家 | 每款 | 每条 | 每一 | 各自 | 不同 | 不同的 | 每间 | 每座 | 各大",
        Cue("wise"): "wise",
        Cue("trend"): "trend | trends | trended | trending | over time | time series | timeline | evolution"
        " | evolve | evolved | develop | developed | development | through time | 趋势 | 走势 | 变化趋势"
        " | 时间趋势 | 随时间变化 | 变化情况 | 趋势图 | 走势图 | 曲线",
        Cue("trend", "change"): "change | changes | changed | changing | 变化 | 变动",
        Cue("growth"): "growth | growth rate | grow | grew | grown | growing"
        " | percent change | percentage change | rate of change | % change | increase | increased | decline"
        " | declined | delta | drop | dropped | fall | fell | rise | rose | decrease | decreased | 增长 | 增长率 | 增速 | 增幅 | 涨幅 | 降幅 | 下降 | 下滑 | 上升 | 上涨 | 变化率 | 增长情况 | 增减"
        " | 涨跌 | 涨跌幅",
        Cue("cumulative"): "cumulative | running total | running total of | accumulated | 累计 | 累积",
        Cue("unplanned"): "median | mode | percentile | variance | standard deviation | ratio | percentage"
        " | percentage of | percent | percent of | % | % of | proportion | proportion of | share | share of | what share"
        " | contribution | correlation | moving average | rolling average | rank of | difference | forecast"
        " | predict | prediction | target | goal | budget | day of week | day of the week | weekday | weekdays"
        " | weekend | weekends | hour | hours | hourly | hour of day | why | reason | average daily"
        " | average monthly | average weekly | average yearly | daily average | monthly average"
        " | weekly average | yearly average | mix | composition"
        " | 占比 | 占 | 比例 | 比率 | 百分比 | 百分之 | 份额 | 贡献 | 构成 | 中位数 | 众数 | 标准差 | 方差"
        " | 差额 | 相差 | 差异 | 移动平均 | 滚动平均 | 预测 | 目标 | 预算 | 星期几 | 周几 | 小时 | 每小时"
        " | 时段 | 工作日 | 周末 | 为什么 | 原因 | 日均 | 月均 | 周均 | 年均 | 人均 | 单均 | 明细 | 详情",
        Cue("aggregate", "amount"): "amount | amount of | amounts | 金额 | 额 | 额度",
        Cue("outside"): "excluded | aside | 外 | 除外 | 以外 | 以外的 | 之外 | 之外的 | 排除在外",
        Cue("negate"): "not | no | without | n't | except | excluding | other than | except for | besides"
        " | apart from | but not | exclude | excl | non | ignoring | leaving out | minus | not counting"
        " | not including | not in | but | outside | outside of | 不是 | 除了 | 除 | 不包括 | 不包含 | 非 | 不含"
        " | 不在 | 不属于 | 排除 | 剔除 | 去掉 | 扣除 | 不算 | 不计 | 排除掉 | 不",
        Cue("contrast"): "compare | comparison | comparison of | versus | vs | v | compared | compared to"
        " | compared with | comparing | against | relative to | next to | beside | alongside | alongside of"
        " | side by side with | set against | put against | held against | 对照 | 并列 | 并排 | 放在一起"
        " | 放在一起看 | 放在一起比 | 放在一起比较 | 摆在一起 | 摆在一起看 | 对比 | 比较 | 相比 | 比 | 相较 | 相较于"
        " | 较 | 相对于 | 相比于",
        Cue("contrast", "soft"): "respectively | separately | each of | side by side | individually"
        " | 分别 | 分别是 | 分别是多少 | 分别为 | 分别有 | 分别有多少 | 各自的 | 分开",
        Cue("top"): "top | 前 | 列前 | 位列前 | 位居前 | 取前 | 排名前 | 排前 | 头 | 排名前列的 | 排行前",
        Cue("top", "asc"): "bottom | 后 | 倒数 | 倒数前 | 末 | 最后 | 倒数第",
        Cue("superlative", "desc"): "highest | largest | greatest | biggest | most | best | the most | leading"
        " | strongest | fastest | 最快 | 最快的 | top performing | highest number of | largest number of | greatest number of"
        " | biggest number of | largest amount of | highest amount of | highest total | 最高 | 最大 | 最多"
        " | 最好 | 最强 | 最高的 | 最大的 | 最多的 | 最好的 | 排名靠前 | 靠前的 | 靠前 | 第一 | 排名第一"
        " | 第一名 | 最佳 | 最佳的",
        Cue("superlative", "asc"): "lowest | smallest | least | fewest | worst | the least | the fewest"
        " | weakest | slowest | 最慢 | 最慢的 | poorest | smallest number of | lowest number of | fewest number of | least number of"
        " | least amount of | lowest amount of | 最低 | 最小 | 最少 | 最差 | 最低的 | 最小的 | 最少的"
        " | 最差的 | 垫底 | 倒数第一 | 倒数第一名 | 最后一名 | 末位 | 排名靠后 | 靠后",
        Cue("order"): "order by | ordered by | sort by | sorted by | sorted on | sort | sorted | order | ordered"
        " | in order of | in the order of | arranged by | sorting | ordering | sorted in | ordered in | 排序"
        " | 排列 | 排",
        Cue("order", "desc"): "ranked by | rank by | rank | ranked | ranking | ranking of | rankings | ranks"
        " | leaderboard | league table | 排名 | 排行 | 排行榜 | 名次 | 排位 | 排名情况",
        Cue("direction", "asc"): "ascending | ascending order | in ascending order | increasing | asc"
        " | in increasing order | from low to high | from lowest to highest | low to high | lowest first"
        " | lowest to highest | smallest first | from smallest to largest | worst to best | fewest first"
        " | 升序 | 从低到高 | 从小到大 | 由低到高 | 由小到大 | 从少到多 | 由少到多 | 正序",
        Cue("direction", "desc"): "descending | descending order | in descending order | decreasing | desc"
        " | in decreasing order | from high to low | from highest to lowest | high to low | highest first"
        " | highest to lowest | largest first | from largest to smallest | best to worst | most first"
        " | best first | biggest first | 降序 | 从高到低 | 从大到小 | 由高到低 | 由大到小 | 从多到少"
        " | 由多到少 | 倒序 | 逆序",
        Cue("of", "="): "= | == | : | ：",
        Cue("unit", "soft"): "in total | dollars | dollar | usd | euros | in value | 元 | 美元 | 个 | 名 | 位"
        " | 家 | 件 | 次 | 笔 | 种 | 条 | 台 | 块 | 款 | 张 | 座 | 类",
        Cue("period", "month"): "month | months | calendar month | 月份 | 月 | 个月",
        Cue("period", "year"): "year | years | calendar year | 年份 | 年 | 年度",
        Cue("period", "quarter"): "quarter | quarters | 季度 | 季 | 个季度",
        Cue("period", "week"): "week | weeks | calendar week | 周 | 星期 | 个星期 | 礼拜",
        Cue("period", "day"): "day | days | date | dates | calendar day | 哪天 | 哪一天 | 哪日 | 天 | 日 | 日期 | 一天",
        Cue("grain", "month"): "monthly | month by month | on a monthly basis | by calendar month | 每月 | 按月"
        " | 各月 | 月度 | 每个月 | 逐月 | 按月份 | 各月份 | 各个月 | 按月度 | 分月 | 分月份 | 每一个月"
        " | 按自然月 | 月维度 | 各个月份 | 以月 | 月粒度 | 按每月",
        Cue("grain", "year"): "yearly | annual | annually | year by year | over the years | on a yearly basis"
        " | on an annual basis | 每年 | 按年 | 各年 | 逐年 | 按年份 | 各年份 | 历年 | 按年度 | 每一年 | 分年"
        " | 各年度 | 每年度 | 年维度 | 各个年份",
        Cue("grain", "quarter"): "quarterly | quarter by quarter | on a quarterly basis | 每季度 | 按季度 | 各季度"
        " | 每个季度 | 逐季 | 按季 | 分季度 | 各季 | 每季 | 季度维度 | 逐季度 | 各个季度",
        Cue("grain", "week"): "weekly | week by week | on a weekly basis | 每周 | 按周 | 各周 | 周度 | 每星期"
        " | 逐周 | 每个星期 | 分周 | 按自然周 | 周维度 | 每一周",
        Cue("grain", "day"): "daily | day by day | on a daily basis | 每天 | 每日 | 按天 | 按日 | 逐日 | 各日"
        " | 逐天 | 日度 | 按日期 | 分日 | 分天 | 每一天 | 天维度 | 日维度 | 各天",
    }
)  # fmt: skip

SOFT: frozenset[CueKind] = frozenset({"be", "of", "relative", "also", "rows", "who", "named"})
"""Kinds that join or frame what is asked and may stay without a part in the answer."""

_CONTENT = frozenset(
    "amount value values existing available same sort order ordered sorted full contained et".split()
)
_LIGHT = frozenset(
    """hi hello hey thanks thank kindly help look looking looks pull take view figure figures numbers number's
    stats statistics breakdown overview summary summarise summarize chart plot graph dashboard report reports
    performance perform performed performing performs doing fare fared selling earning generated generate
    generates made happen happened happens happening occur occurred occurs came coming went going quick quickly
    analyse analyze analysis like'd companywide i'd i'm we're please pls plz so far distribution split broken
    down break think curious wonder wondering interested check tell metric metrics kpi kpis dimension level
    bring brought see seen during over back achieved achieve ok okay based worth's today's let's ones other
    contribute contributed contributes contributing earn earned earns bringing generate generating made make making
    yield yielded produced produce recorded record
    achieved run runs row rows hello result results results' total's come comes""".split()
)  # fmt: skip
_HEAVY_CHINESE = frozenset(
    {
        "新",
        "时间",
        "记录",
        "住",
        "居住",
        "任职",
        "发生",
        "得到",
        "着",
        "列",
        "以",
        "上",
        "下",
        "到",
        "既",
    }
)
_LIGHT_CHINESE = (
    "麻烦", "你", "您", "能否", "可以", "可否", "能不能", "告知", "呈现", "画", "图", "图表", "报表", "报告", "汇总",
    "拉", "拉一下", "一份", "分析", "分析一下", "表现", "如何", "怎么样", "怎样", "怎么", "数值", "数字", "具体", "大概",
    "目前", "现在", "总体", "整体", "本公司", "全公司", "我司", "咱们", "我们公司", "公司的", "的话", "吧", "呀", "啊",
    "哦", "嘛", "来看", "维度", "口径", "指标", "角度", "方面", "相关", "有关", "关于", "针对", "对于", "期间", "范围",
    "产生", "实现", "达到", "取", "给我", "分布", "分布情况", "一共", "共", "总共", "合计", "帮忙", "帮我", "查一下", "看一下", "看下",
    "查下", "统计一下", "统计下", "想看", "想要", "了解", "了解一下", "做", "做一个", "做个", "出", "展现", "各自", "当中",
    "请问一下", "我要", "我想", "单位", "分组", "进行", "地", "谢谢", "你好", "您好", "这里", "之", "给出", "导出",
    "业绩表现", "一个", "数据情况", "看到", "下面", "以下", "如下", "情况怎么样", "以及", "又", "里面", "内的", "为",
)  # fmt: skip

LIGHT_WORDS = (english.IGNORED - _CONTENT) | _LIGHT
"""English words that carry no meaning of their own in a question over metrics."""

LIGHT_CHINESE = tuple(
    dict.fromkeys(
        word for word in (*chinese.IGNORED, *_LIGHT_CHINESE) if word not in _HEAVY_CHINESE
    )
)
"""The same in Chinese."""

NUMBERS: Mapping[str, int] = {**english.NUMBERS, **chinese.NUMBERS}
SCALES: Mapping[str, int] = {**english.SCALES, **chinese.SCALES}


def find_cue(tokens: tuple[Token, ...]) -> Cue | None:
    """The cue that exactly these tokens spell, or None; what metrics say of a word goes first."""
    separator = "" if all(token.kind in ("chinese", "mark") for token in tokens) else " "
    said = separator.join(token.text for token in tokens)
    return _OWN.get(said) or lookup_cue(tokens)
