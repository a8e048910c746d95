"""The words by which memories of one attribute are found, since "lives in" and "moved to" share none."""

from __future__ import annotations

_CUES = {
    "residence": "lives living live moved relocated settled resides home city address based "
    "住在 住 搬到 搬家 定居 居住 移居 家在",
    "employer": "works working job company employed joined hired 工作 上班 入职 跳槽 任职 公司 单位",
    "workplace": "works working office 工作 上班 工作地",
    "occupation": "works job occupation profession became promoted retired "
    "职业 工作 职位 是一名 是一位 当 转行 升职 退休",
    "age": "years old age turned 岁 年龄 今年",
    "birthday": "birthday born 生日 出生",
    "marital": "married single divorced engaged widowed 结婚 单身 离婚 已婚 未婚 订婚 分手",
    "name": "name called named goes 名字 叫 姓名 改名",
    "phone": "phone number mobile telephone 电话 手机 号码 联系方式",
    "email": "email address mail 邮箱 邮件",
    "hometown": "hometown home town 老家 家乡 故乡 籍贯",
}


def cue(attribute: str) -> str:
    """What to search for to find memories of an attribute, in both languages; its own words where it has no others."""
    return _CUES.get(attribute, attribute)
