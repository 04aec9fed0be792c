"""What a Chinese name is called in English: by a table of names of everyday data, then by a dictionary.

It leads Chinese questions to names in English that no comment explains, and reads tables and columns
that are named in Chinese. A name that stands in neither may be made of names that do: 订单日期.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, product

from datus.lexicon import dictionary
from datus.text import lemma

# Chinese names that mean one thing, and its English names in dictionary form, the likeliest first.
_ROWS = """
客户 顾客 客人: customer client guest | 用户 使用者: user account customer | 会员: member membership customer
买家 买方: buyer customer | 卖家 卖方 商家: seller merchant vendor | 联系人: contact contact_person contact_name
员工 职员 雇员 职工: employee staff worker | 经理: manager | 老板: boss owner | 人员: staff person people
老师 教师 讲师: teacher instructor professor lecturer | 教授: professor instructor | 学生 学员: student pupil
医生 大夫 医师: doctor physician | 护士: nurse | 病人 患者: patient | 作者: author writer | 作家: writer author
演员: actor performer | 导演: director | 歌手: singer artist | 艺术家: artist | 球员 选手: player athlete | 运动员: athlete player
教练: coach trainer | 司机 驾驶员: driver | 骑手: rider courier | 乘客 旅客: passenger traveler | 飞行员 引航员: pilot | 读者: reader
订单 定单: order purchase_order | 采购 采购单: purchase | 订单明细 订单项 订单行: order_item order_line order_detail
明细: detail item line | 商品 产品 货品: product item goods | 货物: goods cargo item | 项目: project item
类别 分类 类目 品类: category type class | 类型 种类: type kind category | 品牌: brand | 型号: model | 规格: specification size
价格 单价 售价 价钱: price unit_price cost | 成本: cost | 金额 款额: amount total sum | 总额 总金额: total_amount total amount
总价: total_price total amount | 费用: cost fee charge expense | 折扣: discount | 税 税额: tax | 利润: profit | 收入: income revenue
销售额 营业额: sale revenue total_sale turnover | 销量 销售量: sale quantity units_sold | 销售: sale | 支出: expense spending
预算: budget | 运费: freight shipping_cost shipping_fee | 余额: balance | 工资 薪水 薪资 薪酬 月薪: salary wage pay
奖金: bonus prize award | 数量 件数: quantity amount number count | 库存 库存量 存货: stock inventory quantity
仓库: warehouse | 供应商 供货商: supplier vendor | 制造商 生产商 厂商 厂家: manufacturer maker producer
公司 企业: company firm business | 机构 组织: organization institution | 门店 店铺 商店 店: store shop branch | 分店 分行 支行: branch
部门 科室: department | 团队 队伍 球队: team | 俱乐部: club | 职位 岗位: position job title | 职务 职称: title position job
职业: occupation profession job | 姓名 名字: name full_name | 名称: name title | 标题 题目: title subject | 姓氏: last_name surname
年龄 岁数: age | 性别: gender sex | 生日 出生日期 出生年月: birthday birth_date birth | 国籍: nationality country
身高: height | 体重: weight | 血型: blood_type | 电话 手机 手机号 电话号码 联系电话 手机号码: phone phone_number mobile telephone
邮箱 电子邮件 电子邮箱 邮件: email mail email_address | 地址 住址: address | 邮编 邮政编码: zip_code postcode postal_code zip
城市: city town | 国家: country nation | 省份 省: province state | 州: state | 地区 区域 大区: region area district
区 区县: district | 县: county | 大洲: continent | 街道: street | 地点 位置: location place position | 首都: capital
人口: population | 面积: area | 语言: language | 货币 币种: currency | 日期: date day | 时间: time date
年份: year | 月份: month | 开始: start begin | 结束: end finish | 创建: create creation | 更新: update
注册: registration register signup | 登录: login | 出生: birth | 入职: hire join | 离职: leave termination | 下单: order
支付 付款: payment pay | 发货: shipping ship shipment | 配送 送货: delivery | 退款: refund | 退货: return | 发票: invoice
到期 截止: due expiry | 发布: release publish publication | 上映: release | 出版: publication publish | 交易: transaction trade
合同: contract | 账户 帐户 账号: account | 贷款: loan | 存款: deposit | 银行: bank | 保险: insurance | 保单: policy | 理赔: claim
状态: status state | 渠道: channel | 来源: source | 支付方式 付款方式: payment_method payment_type | 方式 方法: method type
优惠券: coupon voucher | 活动: activity event campaign | 促销: promotion | 广告: advertisement ad | 投诉: complaint
评分: rating score | 分数 得分 成绩: score grade mark point | 评论 评价: review comment rating | 等级 级别: level grade rank
排名: rank ranking | 学分: credit | 课程: course class | 班级: class | 专业: major | 学院: college school faculty
学校: school | 大学: university college | 考试: exam test | 作业: assignment homework | 教室: classroom room
图书 书 书籍: book | 出版社: publisher press | 图书馆: library | 借阅: loan borrow | 杂志 期刊: magazine journal | 文章: article post
论文: paper thesis | 电影 影片: movie film | 电视剧: series tv_series | 节目: program show | 歌曲: song track | 歌: song | 专辑: album
音乐: music | 乐队: band | 演唱会 音乐会: concert | 展览: exhibition | 博物馆: museum | 游戏: game | 比赛: match game race competition
赛季: season | 冠军: champion winner | 体育场: stadium | 航班: flight | 机场: airport | 航空公司: airline | 飞机: airplane aircraft plane
船 船舶 船只: ship vessel boat | 火车 列车: train | 车站 站点: station stop | 车 汽车 车辆: car vehicle | 路线 线路: route line | 目的地: destination | 出发地: origin source departure
出发: departure | 到达: arrival | 酒店 旅馆: hotel | 房间: room | 客房: room | 预订 预定: reservation booking | 入住: check_in
餐厅 餐馆 饭店: restaurant | 菜品 菜: dish | 医院: hospital | 诊所: clinic | 预约: appointment | 就诊: visit appointment
药品 药物 药: medicine drug medication | 疾病: disease | 诊断: diagnosis | 治疗: treatment | 手术: surgery operation
病房: ward room | 宠物: pet | 动物: animal | 狗: dog | 猫: cat | 植物: plant | 公园: park | 建筑 建筑物 楼: building
房屋 房子: house property | 公寓: apartment | 租金: rent | 房东: landlord owner | 租客: tenant | 楼层: floor | 座位: seat
容量: capacity | 长度: length | 宽度: width | 高度: height | 重量: weight | 大小 尺寸: size | 速度: speed | 温度: temperature
距离: distance | 时长 持续时间: duration length | 深度: depth | 颜色: color | 材料 材质: material | 图片 照片: picture photo image
描述 说明: description | 备注: note remark comment | 内容: content text | 代码: code | 编码: code | 编号: id number code | 号码: number
 序号: number | 密码: password | 网站 网址: website url site | 文件 文档: document file | 设备: device equipment
服务: service | 任务: task | 会议: meeting conference | 事件: event | 消息: message | 日志: log | 问题: problem issue question
工单: ticket | 票 门票: ticket | 车票 机票: ticket | 选举: election | 候选人: candidate | 投票 票数: vote | 政党: party
成员: member | 负责人: manager owner head | 所有者 主人: owner | 父亲: father | 母亲: mother | 朋友 好友: friend | 家庭: family
单位: unit | 日程: schedule | 计划: plan | 目标: target goal
点击: click | 浏览 访问: visit view | 流量: traffic | 转化: conversion
"""  # fmt: skip

# What means this only within a longer name, and counts or measures elsewhere: 三名, 5人, 2023年.
_PART_ROWS = """
人: person people | 名: name | 姓: last_name | 年: year | 月: month | 日: date day | 号: number id | 洲: continent | 层: floor
班: class | 数: number count | 额: amount | 率: rate | 价: price | 量: quantity amount | 费: fee cost | 总: total | 平均: average
最大: maximum | 最小: minimum | 单: order | 类: type category | 码: code | 是否: is
"""  # fmt: skip


def _table(rows: str) -> dict[str, tuple[tuple[str, ...], ...]]:
    found: dict[str, tuple[tuple[str, ...], ...]] = {}
    for row in rows.replace("\n", "|").split("|"):
        if row.strip():
            names, english = row.split(":")
            meanings = tuple(tuple(each.split("_")) for each in english.split())
            found |= dict.fromkeys(names.split(), meanings)
    return found


_NAMES = _table(_ROWS)
_PARTS = _NAMES | _table(_PART_ROWS)
_LONGEST = max(*map(len, _PARTS), dictionary.LONGEST)
_MOST = 8  # readings of a name made of several
_BY_DICTIONARY = 3  # the places that its first meaning stands behind the first of the table


@dataclass(frozen=True, slots=True)
class Meaning:
    """English words.

    Attributes:
        words: In dictionary form, as names are compared.
        rank: How unlikely they are meant: 0 is the likeliest.
        said: As they are said, where a dictionary has them.
        verb: Whether they are a verb with what belongs to it.
    """

    words: tuple[str, ...]
    rank: int
    said: str = ""
    verb: bool = False


@lru_cache(maxsize=20_000)
def in_english(name: str) -> tuple[Meaning, ...]:
    """What a Chinese name may be called in English, the likeliest first.

    ``订单日期`` gives ``order date`` and others; empty where a part of the name is not known.
    """
    found = name_in_english(name)
    if not found and (parts := _cut(name)) is not None and len(parts) > 1:
        found = _made_of(parts)
    return found


@lru_cache(maxsize=20_000)
def name_in_english(name: str) -> tuple[Meaning, ...]:
    """As ``in_english``, of a name that is known whole."""
    told = _NAMES.get(name, ())
    if len(name) < 2:  # a single character counts, measures or is part of a word
        return tuple(map(Meaning, told, range(len(told))))
    found = [Meaning(words, rank) for rank, words in enumerate(told)]
    for rank, meaning in enumerate(dictionary.meanings(name), max(_BY_DICTIONARY, len(told))):
        said = meaning.removeprefix("to ")
        words = tuple(map(lemma, said.split(" ")))
        if words not in told:
            found.append(Meaning(words, rank, said, verb=said != meaning))
    return tuple(found)


def _part(name: str) -> tuple[Meaning, ...]:
    told = _PARTS.get(name, ())
    return name_in_english(name) or tuple(map(Meaning, told, range(len(told))))


def _made_of(parts: tuple[str, ...]) -> tuple[Meaning, ...]:
    mixed = sorted(
        product(*(_part(part)[:3] for part in parts)),
        key=lambda each: sum(meaning.rank for meaning in each),
    )
    spoken: dict[tuple[str, ...], int] = {}
    for each in mixed:
        words = tuple(word for meaning in each for word in meaning.words)
        spoken.setdefault(words, max(meaning.rank for meaning in each))
    ranked = (Meaning(words, max(at, rank)) for at, (words, rank) in enumerate(spoken.items()))
    return tuple(islice(ranked, _MOST))


@lru_cache(maxsize=20_000)
def _cut(name: str) -> tuple[str, ...] | None:
    """A name as known names, the longest first; None where that leaves a rest."""
    if not name:
        return ()
    for size in range(min(_LONGEST, len(name)), 0, -1):
        if _part(name[:size]) and (rest := _cut(name[size:])) is not None:
            return (name[:size], *rest)
    return None
