"""What written dates and numbers look like; all in a text's normal form."""

import re

from datus.dates.chinese import NUMERALS

_YEAR = r"(?:19|20)\d\d"
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_CLOCK = r"[t ](?P<hour>\d{1,2}):(?P<minute>\d\d)(?::\d\d(?:\.\d+)?)?(?:z|[+-]\d\d:?\d\d)?"
_SHAPES: tuple[tuple[str, str], ...] = (
    ("ymd", r"(?P<y>\d{4})(?P<sep>[-/.])(?P<m>\d{1,2})(?P=sep)(?P<d>\d{1,2})"
            rf"(?:{_CLOCK}|(?![\d.]\d|\d))"),
    ("named", rf"(?P<a2>\d{{4}}|\d{{1,2}})(?P<mark2>[-/])(?P<month2>{_MONTH})(?P=mark2)"
              r"(?P<b2>\d{4}|\d{1,2})(?!\w)"),
    ("xxy", r"(?P<a>\d{1,2})(?P<mark>[-/.])(?P<b>\d{1,2})(?P=mark)"
            r"(?P<year>\d{4}|(?<=/)\d\d)(?![\d/-])"),
    ("fiscal_span", r"(?P<from>20\d\d)[-/](?P<till>(?:20)?\d\d)(?= *(?:fy|fiscal|financial|财年))"),
    ("ym", r"(?P<y2>\d{4})[-/](?P<m2>\d{1,2})(?![\d/-]\d|\d)"),
    ("my", rf"(?P<m6>\d{{1,2}})[-/](?P<y6>{_YEAR})(?![\d/-]\d|\d)"),
    ("dotted", rf"(?P<y7>{_YEAR})(?:\.(?P<m7>0?[1-9]|1[0-2])|(?P<m9>0[1-9]|1[0-2]))(?![\d.]*\d|%)"),
    ("compact", r"(?P<y3>(?:19|20)\d\d)(?P<m3>\d\d)(?P<d3>\d\d)(?!\d)"),
    ("iso_week", rf"(?P<y8>{_YEAR})[ -]?w(?P<w8>\d{{1,2}})(?![a-z0-9])"),
    ("part", rf"(?P<n>\d)(?:(?P<letter>[qh])(?:[ '/-]?(?P<y4>{_YEAR})|'?(?P<y9>\d\d))|q)(?![a-z0-9])"),
    ("sized", r"(?P<count>\d{1,4})(?P<size>d|w|m|mo|y|yr)(?![a-z0-9])"),
    ("year_part", rf"(?:(?P<y5>{_YEAR})[ /-]?|(?P<y10>\d\d))(?P<part5>[qh]\d)(?![a-z0-9])"),
    ("ordinal", rf"(?P<nth>\d{{1,2}})(?:(?:st|nd|rd|th)(?![a-z0-9])|\.(?= {_MONTH}))"),
    ("decade", r"(?P<ten>(?:19|20)?\d0)'?s(?![a-z0-9])"),
    ("amount", r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+|\d{5,}|\d+%"),
)  # fmt: skip
DIGITS = re.compile("|".join(f"(?P<{name}>{shape})" for name, shape in _SHAPES))
NUMBER = re.compile(rf"(?P<nth>(?:第 *)?)(?P<n>\d{{1,4}}|[{NUMERALS}]+)(?P<measure>个?)")
AFTER_NUMBER = re.compile(
    r"\s*(?:(?P<fiscal_year>财年|财政年度)|(?P<year>年度|年份|全年|年全年|年(?!半|龄|薪|级|代|版))"
    r"|(?P<odd>年半|个半月|学年)|(?P<quarter>季度|季)|(?P<month>月份|月(?!饼|台|子))"
    r"|(?P<month_day>日|号(?!线|楼|店|院|房|门))|(?P<week_number>周))"
)
MONTH_DAY = re.compile(
    r"(?P<m>\d{1,2})[./](?P<d>\d{1,2})(?![\d.%/月])|(?P<fair>618)(?!\d|期间|活动)"
)
"""6.18 behind a year, and the shopping day of that name."""

BEHIND_YEAR = re.compile(r"年(?:\d{1,2}[./]\d{1,2} *[-~—至到])? *$")
FISCAL = re.compile(
    r"(?:(?P<part>[qh]\d)[ -]?)?(?P<word>fy|cy)[ '-]?(?P<year>\d{4}|\d\d)(?:[-/](?P<till>\d\d))?"
    r"(?:[ -]?(?P<after>[qh]\d))?(?![a-z0-9])"
)
PART_OF_YEAR = re.compile(
    rf"(?P<part>[qh]\d)(?:[ '/-]?(?P<year>{_YEAR})(?![a-z0-9]|[/-]\d)"
    r"|['/-]?(?P<short>\d\d)(?![a-z0-9%.,月日号天周年个])"
    r"|[ ](?P<apart>\d\d)(?=\W*$|[?!,;)]| ?[-–~/&]| (?:and|or|vs|versus|to|by|per|through|than)\b))"
)
MONTH_YEAR = re.compile(rf"(?P<month>{_MONTH})-(?P<year>{_YEAR})(?!\w|-\d)")
WEEK = re.compile(r"(?:w|wk|cw|kw)[ ]?(?P<n>\d{1,2})(?![a-z0-9])")
SHORTHAND = re.compile(
    r"(?:(?P<window>[lrt])(?P<count>\d{1,3})(?P<size>d|w|m|q|y)|(?P<year>[lt]tm|l12m))(?![a-z0-9])"
)
"""L30D, T12M, TTM: so many units back."""

AGAINST = re.compile(r"(?P<unit>[ymqwd])(?:/(?P=unit)|-?o-?(?P=unit))(?![a-z0-9'])")
"""YoY, m/m, q-o-q."""

CHINESE_DECADE = re.compile(
    rf"(?:(?P<century>\d\d|[{NUMERALS}]+)世纪|上个?世纪)?(?P<ten>\d{{2,4}}|[{NUMERALS}]+)年代"
)
ERA = re.compile(rf"(?P<era>民国|令和|平成|昭和)(?P<n>\d{{1,3}}|[{NUMERALS}]+|元)年")
QUANTITY = re.compile(
    r" ?(?:dollars?|usd|euros?|eur|rmb|cny|yuan|units?|items?|pieces?|pcs|points?|km|kg|miles?)\b"
    r"|美元|欧元|元(?!旦|月|宵)|块钱|件|套|万|亿|米|公里|吨|箱|瓶|台(?!湾|北|州)|人(?!均|员|群|口|力|民|才|工|气)"
)
"""What stands behind a number that is an amount, not a year."""

IDENTIFIED = re.compile(r"(?:#|\bno\.?|\bid|\bnumber|\bsku|\bcode|号|编码|号码|代码)[ :：=]*$")
"""What stands before a number that names a thing."""

_NO_HEADING = (
    r"(?:have|has|had|are|is|were|was|be|do|does|did|can|will|would|or|and|to|of|more|who|that|which"
    r"|whose|with|times|people|others|bought|went|came|made|got|took|gave|paid|left|spent)"
)
OPENING_YEAR = re.compile(
    rf"(?:19|20)\d\d (?:(?!{_NO_HEADING}\b)(?!(?<=s )[a-z]+ed\b)[a-z0-9'&-]+ ){{1,6}}?"
    r"(?:by|per|across|for|in|from|split|broken|grouped|sorted|ranked|vs|versus)\b"
    r"|(?:19|20)\d\d (?:daily|weekly|monthly|quarterly) [a-z]"
    r"|(?:19|20)\d\d ?(?=[\u3400-\u9fff])(?![个名位家种条笔次单张辆部本只支门间所岁分点级届路号线版款度多余以]"
    r"|和|与|或|至|到|及)"
)
"""A year that begins a question before the nouns of a heading: 2023 orders by country, 2023订单量."""

CLOSING_YEAR = re.compile(
    r"(?:(?:\b(?P<before>[a-z]+|[=<>,]) ?)?\b(?P<word>[a-z][a-z'-]*)(?:[,:]? | ?\()"
    r"|(?P<char>[\u3400-\u9fff])[ ,:(]*)$"
)
"""What stands before a year that ends a question: orders by month, 2023; 订单量 2023."""

QUESTION_END = re.compile(r"[\s?!.。)]*$")

NO_YEAR_BEHIND = frozenset(
    """than over above below under beyond exceed exceeds exceeding is are was were be been equal equals
    exactly only least most about around approximately nearly almost top bottom first last next limit id ids
    no number numbers code codes zip sku version model room page gate route bus flight train line level
    price priced cost costs capacity salary amount amounts population weight points score value values worth
    to and or not at on with from by through between of the a an as earned earn earns made makes paid
    pays has have had contains contain containing include including named called like starting total
    号 码 编 前 后 过 于 是 为 少 多 约 第 满 达 足 到 至 共 型 款 比 和 与 或 价 的 叫 名 含 有 等 超 近""".split()
)
"""Words behind which a bare number is a count, an amount, a bound or a name of something."""

NUMBERED = frozenset(
    """station store branch shop region district zone area site warehouse terminal account customer user
    order product item employee department ticket invoice case batch lot machine device vehicle unit section
    block floor building apartment season""".split()
)
"""Things that a number may name ("at store 2019"), but not where they are what is split by."""

SPLITTING = frozenset("by per each every across and ,".split())
BOUNDING = frozenset(
    "after before since until than over above below under not with whose where = < >".split()
)
