"""Large places, which may hold the city somebody lives in; and whether a word names a place at all."""

from __future__ import annotations

import re

_BROAD = """
    china japan korea india france germany spain italy portugal england scotland wales ireland britain uk usa america
    us canada mexico brazil argentina australia russia ukraine poland sweden norway denmark finland netherlands
    holland belgium austria switzerland greece turkey egypt israel thailand vietnam malaysia indonesia singapore
    philippines europe asia africa california texas florida ontario quebec bavaria catalonia tuscany scandinavia 中国
    日本 韩国 印度 法国 德国 西班牙 意大利 葡萄牙 英国 爱尔兰 美国 加拿大 墨西哥 巴西 阿根廷 澳大利亚 澳洲 新西兰
    俄罗斯 乌克兰 波兰 瑞典 挪威 丹麦 芬兰 荷兰 比利时 奥地利 瑞士 希腊 土耳其 埃及 以色列 泰国 越南 马来西亚 印尼
    菲律宾 欧洲 亚洲 非洲 国外 国内 海外 浙江 江苏 广东 山东 河南 河北 湖南 湖北 四川 福建 安徽 江西 山西 陕西 辽宁
    吉林 黑龙江 云南 贵州 广西 海南 甘肃 青海 宁夏 新疆 西藏 内蒙古 台湾 香港
"""
_CITIES = """
    北京 上海 广州 深圳 天津 重庆 成都 杭州 南京 武汉 西安 苏州 青岛 大连 厦门 宁波 长沙 郑州 济南 沈阳 哈尔滨 长春
    合肥 福州 昆明 贵阳 南宁 南昌 太原 石家庄 兰州 海口 三亚 珠海 佛山 东莞 无锡 常州 温州 澳门 台北 高雄 东京 大阪
    京都 首尔 纽约 伦敦 巴黎 柏林 悉尼 墨尔本 多伦多 温哥华 旧金山 洛杉矶 西雅图 波士顿 新加坡 曼谷 罗马 马德里
    beijing shanghai guangzhou shenzhen hangzhou chengdu london paris berlin madrid rome lisbon dublin amsterdam
    brussels vienna zurich geneva oslo stockholm copenhagen helsinki athens istanbul moscow tokyo osaka kyoto seoul
    taipei bangkok sydney melbourne auckland toronto vancouver montreal boston chicago seattle austin denver miami
    york angeles francisco
"""
BROAD = frozenset(_BROAD.split())
_PLACES = BROAD | frozenset(_CITIES.split())
_SUFFIX = re.compile(r"[\u4e00-\u9fff]{1,8}[市省区县镇乡村州岛]\Z")
_DISTRICT = re.compile(r"[\u4e00-\u9fff]{1,4}(?:区|街道?|路|镇|村)")
_ROOM = re.compile(
    r"宿舍|公寓|房|小区|楼|家里|父母|一起|单位|学校|酒店|郊区|市中心|附近|乡下|农村|城里|旁边|对面|合租|校外|校内|"
    r"城[东西南北]|海边|[一二两三四五六七八九十\d]+层"
)


def is_broad(place: str) -> bool:
    """Whether a place is a country, a province or larger."""
    return place.strip().lower().removeprefix("the ") in BROAD


def is_district(place: str) -> bool:
    """Whether it is a part of a town, named without the town: 徐汇区, 中山路."""
    return bool(_DISTRICT.fullmatch(place.strip()))


def is_place(text: str) -> bool:
    """Whether a word is surely a place: a large one, a well-known city, or by its ending."""
    return text.strip().lower() in _PLACES or bool(_SUFFIX.match(text.strip()))


def is_dwelling(text: str) -> bool:
    """Whether it tells how somebody lives, not in which town: 宿舍, 父母家."""
    return bool(_ROOM.search(text))
