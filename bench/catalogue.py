"""A made warehouse of 10,000 tables and about 200,000 columns, and questions whose tables are known.

Names are in the style of real warehouses: ``dws_trd_cust_rfd_live_30d``. Comments are Chinese, English,
both or absent. Questions say the same things in other words than the comments do. Everything follows
from the seed. It is input for ``bench/linking.py``; nothing in datus knows a word of it.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from datus.types import Column, DatabaseSchema, ForeignKey, TableSchema

TABLES = 10_000
_DATABASE = "warehouse"


@dataclass(frozen=True)
class Word:
    """A notion: its short form in names, what comments call it, and what people call it instead."""

    short: str
    english: str
    chinese: str
    english_said: tuple[str, ...]
    chinese_said: tuple[str, ...]


@dataclass(frozen=True)
class Asked:
    """A question and the tables that answer it."""

    language: Literal["en", "zh"]
    text: str
    tables: frozenset[str]


def _words(text: str) -> tuple[Word, ...]:
    found = []
    for line in text.strip().splitlines():
        short, english, chinese, said, other = (part.strip() for part in line.split("|"))
        found.append(
            Word(short, english, chinese, tuple(said.split(", ")), tuple(other.split("，")))
        )
    return tuple(found)


# A domain, then its subjects, then what happens to them.
_DOMAINS: tuple[tuple[Word, tuple[Word, ...], tuple[Word, ...]], ...] = tuple(
    (_words(domain)[0], _words(subjects), _words(actions))
    for domain, subjects, actions in (
        (
            "trd | trade | 交易 | commerce | 买卖",
            """
cust | customer | 客户 | buyers, shoppers | 买家，顾客
ord | order | 订单 | purchases | 下的单，购买单
shop | shop | 店铺 | stores, merchants' outlets | 商店，门面
cart | cart | 购物车 | shopping baskets | 加购篮
cpn | coupon | 优惠券 | vouchers | 代金券，折扣券
""",
            """
pay | payment | 支付 | money paid | 付款，付的钱
rfd | refund | 退款 | money given back | 退钱，退回的款
cncl | cancellation | 取消 | calling off | 撤单，作废
cmt | review | 评价 | ratings and feedback | 点评，打分
""",
        ),
        (
            "usr | user | 用户 | people | 使用者",
            """
acct | account | 账号 | logins, profiles | 账户，帐号
dev | device | 设备 | phones and tablets | 手机，终端
mbr | member | 会员 | loyalty club members | 贵宾，俱乐部成员
inv | invitation | 邀请 | referrals | 拉新，推荐好友
tag | label | 标签 | user segments | 人群画像
""",
            """
reg | registration | 注册 | sign-ups | 开户，新加入
lgn | login | 登录 | signing in | 登陆，上线
actv | activity | 活跃 | engagement | 使用频率，打开次数
chrn | churn | 流失 | leaving, attrition | 不再使用，走掉
""",
        ),
        (
            "prd | product | 商品 | merchandise | 货品",
            """
sku | stock keeping unit | 库存单元 | item variants | 单品规格
brd | brand | 品牌 | makes, labels | 牌子
ctg | category | 类目 | kinds of goods | 品类，分类
attr | attribute | 属性 | properties of items | 特征
bndl | bundle | 套装 | package deals | 组合装
""",
            """
expo | exposure | 曝光 | being shown, impressions | 展示，露出
clk | click | 点击 | taps | 点开，点按
fav | favourite | 收藏 | saving for later | 加关注，心愿单
prc | price change | 调价 | markdowns and markups | 改价，涨跌价
""",
        ),
        (
            "lgs | logistics | 物流 | shipping | 运输配送",
            """
pkg | parcel | 包裹 | packages | 快件，邮包
rte | route | 线路 | itineraries of lorries | 运输路径
whs | warehouse | 仓库 | depots, storage sites | 库房
drv | driver | 司机 | couriers | 驾驶员，快递小哥
veh | vehicle | 车辆 | lorries, vans | 货车，汽车
""",
            """
dlv | delivery | 配送 | bringing to the door | 送货，派件
pick | picking | 拣货 | taking from shelves | 分拣，配货
rtn | return | 退货 | sending back | 退回的货，寄回
dly | delay | 延误 | lateness | 晚到，超时
""",
        ),
        (
            "fin | finance | 财务 | accounting | 会计",
            """
ivc | invoice | 发票 | bills | 税票，单据
bgt | budget | 预算 | spending plans | 经费计划
ast | asset | 资产 | property owned | 固定财产
sup | supplier | 供应商 | vendors | 供货商，厂家
loan | loan | 贷款 | borrowing, credit lines | 借款
""",
            """
stl | settlement | 结算 | clearing of balances | 清账，对清
rcv | receivable | 应收 | sums owed to us | 欠我们的钱，待收款
dprc | depreciation | 折旧 | wear-down of worth | 价值摊销
adt | audit | 审计 | inspection of the books | 查账，核查
""",
        ),
        (
            "mkt | marketing | 营销 | promotion | 推广宣传",
            """
cmpg | campaign | 活动 | promotional drives | 促销专场
adv | advertisement | 广告 | ads, banners | 投放素材
chn | channel | 渠道 | acquisition sources | 来源途径
kol | influencer | 达人 | internet celebrities | 网红，博主
sms | text message | 短信 | phone messages | 手机信息
""",
            """
spd | spend | 花费 | outlay, cost | 开销，烧的钱
cvr | conversion | 转化 | turning visitors into buyers | 成交比例，变成买家
rch | reach | 触达 | audience coverage | 覆盖人数
sbs | subscription | 订阅 | opt-ins | 关注推送
""",
        ),
        (
            "rsk | risk | 风控 | fraud control | 反欺诈",
            """
rule | rule | 规则 | detection policies | 策略条款
blk | blacklist | 黑名单 | banned parties | 封禁名录
case | case | 案件 | incidents | 事件
crd | credit | 信用 | trustworthiness | 征信
ip | network address | 网络地址 | internet addresses | 上网来源
""",
            """
hit | hit | 命中 | matches triggered | 触发，匹配到
appl | appeal | 申诉 | complaints against a ban | 喊冤，复议
ivst | investigation | 调查 | looking into it | 排查，追查
frz | freeze | 冻结 | locking of funds | 锁定，封住
""",
        ),
        (
            "csv | customer service | 客服 | support desk | 售后支持",
            """
tkt | ticket | 工单 | support requests | 问题单
agt | agent | 坐席 | help desk staff | 接线员，服务人员
call | call | 来电 | phone conversations | 电话，通话
bot | chatbot | 机器人 | automatic assistants | 智能助手
faq | question | 常见问题 | help articles | 帮助文档
""",
            """
rsp | response | 响应 | first replies | 回复，应答
slv | resolution | 解决 | closing of problems | 处理完，办结
esc | escalation | 升级 | passing to a superior | 上报，转交上级
srv | survey | 调研 | satisfaction polls | 满意度问卷
""",
        ),
        (
            "scm | supply chain | 供应链 | procurement | 采购链条",
            """
po | purchase order | 采购单 | buying requests | 进货单
mtl | material | 物料 | raw goods, parts | 原料，零件
plt | plant | 工厂 | factories | 生产基地
ctr | contract | 合同 | agreements | 协议，合约
stk | stock | 库存 | goods on hand | 存货
""",
            """
rpl | replenishment | 补货 | restocking | 续货，加货
qc | quality check | 质检 | inspection of defects | 检验，验货
inb | inbound | 入库 | goods coming in | 进仓，收货
scrp | scrap | 报废 | waste thrown away | 扔掉，损毁
""",
        ),
        (
            "hr | human resources | 人力 | personnel | 人事",
            """
emp | employee | 员工 | staff, workers | 职员，雇员
dept | department | 部门 | teams, units | 科室
job | position | 岗位 | roles, openings | 职位
cand | candidate | 候选人 | applicants | 应聘者，求职者
crs | training course | 培训课程 | lessons for staff | 学习班
""",
            """
hire | hiring | 入职 | joining the firm | 新进人员，加入公司
rsgn | resignation | 离职 | quitting | 辞职，走人
slry | salary | 薪资 | wages, pay cheques | 工资，报酬
attd | attendance | 考勤 | being present, clocking in | 打卡，出勤
""",
        ),
        (
            "cnt | content | 内容 | media | 媒体",
            """
vid | video | 视频 | clips, films | 短片，影片
art | article | 文章 | posts, stories | 帖子
anch | host | 主播 | streamers | 直播员
tpc | topic | 话题 | themes under discussion | 热议主题
lst | playlist | 播放列表 | collections of clips | 片单
""",
            """
play | play | 播放 | viewing | 观看，收看
like | like | 点赞 | thumbs up | 喜欢，叫好
shr | share | 分享 | passing on to friends | 转发
rpt | report | 举报 | abuse notices | 投诉违规
""",
        ),
        (
            "enr | energy | 能源 | utilities | 水电",
            """
mtr | meter | 电表 | gauges | 计量表
grd | grid | 电网 | power networks | 供电网络
pvs | solar station | 光伏电站 | sun power sites | 太阳能场站
chg | charging pile | 充电桩 | plug-in points for cars | 电车充电点
btr | battery | 电池 | accumulators | 储能单元
""",
            """
cons | consumption | 用量 | usage | 耗用，消耗
gen | generation | 发电 | output of power | 产出电力
flt | fault | 故障 | breakdowns | 坏了，失灵
mnt | maintenance | 检修 | upkeep and repairs | 维护，保养
""",
        ),
    )
)
_LINES = _words(
    """
live | live streaming | 直播 | live shows | 现场带货
mp | mini program | 小程序 | the in-chat app | 微信端
ofl | offline | 线下 | physical branches | 实体
sea | Southeast Asia | 东南亚 | Thailand and its neighbours | 泰国越南一带
eu | Europe | 欧洲 | the European Union | 欧盟
b2b | corporate | 企业 | business clients | 公司客户，大客户
cn | domestic | 国内 | the home market | 本土，境内
"""
)
# A layer, or a period of one: how names end, what comments say, what people say.
_LAYERS = _words(
    """
ods:di | raw data, daily increment | 原始数据日增量 | as the source system delivered it | 源系统同步的未加工
dwd:di | detail | 明细 | every single record | 逐条，每一笔
dws:1d | daily summary | 最近1日汇总 | totals of one day | 单日合计，当天总
dws:7d | 7-day summary | 最近7日汇总 | totals of a week | 一周合计，近七天总
dws:30d | 30-day summary | 最近30日汇总 | totals over a month | 一个月合计，近三十天总
ads:df | report | 报表 | the dashboard | 看板，大屏
"""
)
_DIMENSION = Word(
    "dim:df", "dimension", "维度表", ("master data", "basic facts"), ("基本资料", "档案")
)
_ATTRIBUTES = _words(
    """
nm | name | 名称 | what it is called | 叫法
typ | type | 类型 | kind | 种类
sts | status | 状态 | current condition | 目前处于什么阶段
lvl | level | 等级 | tier | 级别，档次
city | city | 城市 | town | 在哪个市
prov | province | 省份 | state | 哪个省
ctry | country | 国家 | nation | 国别
lang | language | 语言 | tongue | 语种
gndr | gender | 性别 | sex | 男女
age | age | 年龄 | how old | 多大岁数
bth_dt | birth date | 出生日期 | birthday | 生日
phn | phone number | 电话号码 | contact number | 联系方式
eml | email | 邮箱 | mail address | 电子邮件
addr | address | 地址 | location | 住处，位置
own | owner | 负责人 | person in charge | 谁管
src | source | 来源 | origin | 从哪来
crt_tm | creation time | 创建时间 | when it was made | 何时建立
exp_dt | expiry date | 失效日期 | end of validity | 到期日
wgt | weight | 重量 | heaviness | 多重
clr | colour | 颜色 | shade | 色彩
len | length | 长度 | how long | 多长
rsn | reason | 原因 | why it happened | 为什么
rmk | remark | 备注 | notes | 补充说明
scr | score | 评分 | grade | 分数
tz | time zone | 时区 | local clock | 当地时间
ccy | currency | 币种 | kind of money | 货币
tax | tax | 税额 | duty | 税费
fee | fee | 手续费 | charge | 服务费
dur | duration | 时长 | how long it took | 持续多久
pri | priority | 优先级 | urgency | 紧急程度
"""
)
_MEASURES = _words(
    """
amt | amount | 金额 | how much money | 多少钱
cnt | count | 次数 | how often | 几次，多少回
unt | number of distinct | 人数 | how many different | 有多少个不同的
rate | rate | 比率 | percentage | 百分比，占比
avg | average | 平均值 | mean | 均值
"""
)
_AUDIT = (
    ("etl_tm", "load time", "加工时间"), ("is_del", "deleted or not", "是否删除"), ("ver_no", "version", "版本号"),
    ("biz_dt", "business date", "业务日期"), ("dt", "partition date", "分区日期"), ("src_sys_cd", "source system code", "来源系统代码"),
    ("upd_usr", "updated by", "更新人"), ("hr", "partition hour", "分区小时"),
)  # fmt: skip


@dataclass(frozen=True)
class _Plan:
    """What a table is about."""

    domain: Word
    subject: Word
    action: Word | None
    line: Word
    layer: Word

    @property
    def name(self) -> str:
        layer, end = self.layer.short.split(":")
        parts = (layer, self.domain.short, self.subject.short, self.action and self.action.short)
        return "_".join([*(part for part in parts if part), self.line.short, end])


def make(seed: int = 7, tables: int = TABLES) -> DatabaseSchema:
    """The warehouse."""
    dice = random.Random(seed)
    plans = _plans(dice, tables)
    names = {plan.name for plan in plans}
    made = tuple(_table(plan, names, random.Random(f"{seed} {plan.name}")) for plan in plans)
    return DatabaseSchema("postgresql", _DATABASE, made)


def ask(count: int, seed: int = 7, tables: int = TABLES) -> Iterator[Asked]:
    """Questions over ``make(seed, tables)``, English and Chinese in turn."""
    plans = _plans(random.Random(seed), tables)
    names = {plan.name for plan in plans}
    by_name = {table.name: table for table in make(seed, tables).tables}
    dice = random.Random(f"{seed} questions")
    for number in range(count):
        plan = dice.choice(plans)
        dimension = _Plan(plan.domain, plan.subject, None, plan.line, _DIMENSION).name
        wanted = {plan.name}
        columns = {column.name for column in by_name[plan.name].columns}
        said = [each for each in _ATTRIBUTES if f"{plan.subject.short}_{each.short}" in columns]
        joined = plan.action is not None and dimension in names and dice.random() < 0.25
        if joined:  # the attribute asked for stands in the dimension
            own = {column.name for column in by_name[dimension].columns}
            said = [each for each in _ATTRIBUTES if f"{plan.subject.short}_{each.short}" in own]
            wanted.add(dimension)
        attribute = dice.choice(said or list(_ATTRIBUTES[:3]))
        if number % 2:
            yield Asked("zh", _chinese(plan, attribute, dice), frozenset(wanted))
        else:
            yield Asked("en", _english(plan, attribute, dice), frozenset(wanted))


def _plans(dice: random.Random, tables: int) -> list[_Plan]:
    plans = []
    for domain, subjects, actions in _DOMAINS:
        for subject in subjects:
            for line in _LINES:
                plans.append(_Plan(domain, subject, None, line, _DIMENSION))
                for action in actions:
                    plans.extend(_Plan(domain, subject, action, line, each) for each in _LAYERS)
    dice.shuffle(plans)
    return plans[:tables]


def _table(plan: _Plan, names: set[str], dice: random.Random) -> TableSchema:
    own = plan.subject
    rows: list[tuple[str, str, str]] = [
        (f"{own.short}_id", f"{own.english} id", f"{own.chinese}编号")
    ]
    for each in dice.sample(_ATTRIBUTES, dice.randint(6, 11)):
        rows.append(_column(own, each))
    if plan.action is not None:
        rows += [_column(plan.action, each) for each in dice.sample(_MEASURES, dice.randint(3, 5))]
        rows += [
            _column(plan.action, each) for each in dice.sample(_ATTRIBUTES, dice.randint(2, 5))
        ]
        rows.append(
            (f"{plan.action.short}_dt", f"{plan.action.english} date", f"{plan.action.chinese}日期")
        )
    rows += dice.sample(_AUDIT, dice.randint(1, 4))
    columns = tuple(
        Column(name, "TEXT", "text", comment=_comment(english, chinese, dice, 0.3))
        for name, english, chinese in rows
    )
    dimension = _Plan(plan.domain, own, None, plan.line, _DIMENSION).name
    key = ForeignKey((rows[0][0],), dimension, (rows[0][0],))
    action = plan.action
    english = f"{own.english} {action.english if action else ''} {plan.layer.english}, {plan.line.english}"
    chinese = (
        f"{plan.line.chinese}{own.chinese}{action.chinese if action else ''}{plan.layer.chinese}"
    )
    return TableSchema(
        plan.name,
        columns,
        foreign_keys=(key,) if action and dimension in names else (),
        comment=_comment(" ".join(english.split()), chinese, dice, 0.15),
    )


def _column(of: Word, what: Word) -> tuple[str, str, str]:
    return (
        f"{of.short}_{what.short}", f"{of.english} {what.english}", f"{of.chinese}{what.chinese}",
    )  # fmt: skip


def _comment(english: str, chinese: str, dice: random.Random, absent: float) -> str:
    """None, or in 45 of 85 cases Chinese, in 25 English, in 15 both."""
    if dice.random() < absent:
        return ""
    return dice.choices((chinese, english, f"{english} | {chinese}"), (45, 25, 15))[0]


def _english(plan: _Plan, attribute: Word, dice: random.Random) -> str:
    subject, line, layer = (_say(word, dice) for word in (plan.subject, plan.line, plan.layer))
    what = _say(attribute, dice)
    if plan.action is None:
        forms = (
            f"From the {layer}, give me {what} for {subject} in {line}",
            f"{subject} in {line}: {what}, {layer}",
        )
    else:
        action = _say(plan.action, dice)
        forms = (
            f"What is the {action} for {subject} in {line}, {layer}, by {what}?",
            f"Show {action} of {subject} ({line}) split by {what}, from {layer}",
            f"I need {layer} on {action} by {what} of {subject} for {line}",
        )
    return dice.choice(forms)


def _chinese(plan: _Plan, attribute: Word, dice: random.Random) -> str:
    words = (plan.subject, plan.line, plan.layer)
    subject, line, layer = (_say(word, dice, chinese=True) for word in words)
    what = _say(attribute, dice, chinese=True)
    if plan.action is None:
        forms = (f"{line}的{subject}的{what}，看{layer}", f"查一下{line}{subject}{layer}里的{what}")
    else:
        action = _say(plan.action, dice, chinese=True)
        forms = (
            f"{line}{subject}的{action}按{what}看，{layer}",
            f"帮我看{line}里{subject}{action}的{layer}，要{what}",
            f"{layer}：{line}各{what}的{subject}{action}",
        )
    return dice.choice(forms)


def _say(word: Word, dice: random.Random, *, chinese: bool = False) -> str:
    """The comment's own word in six of ten cases, else another one."""
    own, others = (
        (word.chinese, word.chinese_said) if chinese else (word.english, word.english_said)
    )
    return own if dice.random() < 0.6 else dice.choice(others)
