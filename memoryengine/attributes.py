"""What a person has one of at a time: the words that speak of it in both languages, for "lives in" and "moved to".

In the texts here "@" stands for the person.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from .text import content_terms

# Each attribute: the words to search for, and what tells that a text speaks of it.
_TABLE: Mapping[str, tuple[str, str]] = {
    "home": (
        "lives living moved relocated settled resides home address 住在 搬到 搬家 定居 居住",
        r"\b(?:lives?|living|moved|moves|moving|relocat\w+|settled|resides?|based)\b(?: [\w']+){0,3}? "
        r"(?:in|to|at|into|from|out|near|with|alone)\b|\b(?:home|address|apartment|flat) is\b"
        r"|住(?!院|口|嘴)|搬(?:到|去|家|进|来|离|回|至)|定居|移居|家(?:在|住|搬)|迁(?:居|到|往)",
    ),
    "work": (
        "works working job company employed joined hired occupation retired 工作 上班 入职 跳槽 职业 公司 退休",
        r"\b(?:works?|working|employed) (?:\w+ ){0,2}?(?:as|at|for|in|with)\b|@ (?:has )?(?:just |recently )?joined\b"
        r"|\b(?:jobs?|occupation|profession|employer|hired|unemployed|retired|resigned|promoted|laid off|fired)\b"
        r"|\b(?:is|was|became|becomes) (?:now )?an? (?:[\w-]+ ){0,2}?(?:\w+(?:er|or|ist|ian|ant)|nurse|chef|cook|clerk"
        r"|pilot|judge|student|freelance|boss|coach|guide|guard|vet|model)\b"
        r"|上班|工作|职业|跳槽|转行|入职|辞职|离职|退休|失业|升职|任职|公司|是一[名位]"
        r"|[是当做任](?:了|上|一个)?.{0,6}(?:师|员|律师|医生|会计|老板|经理|工人|司机|护士|主管|总监|学生|教授|主任)",
    ),
    "school": (
        "studies school college university enrolled graduated student 就读 大学 学校 年级 毕业 在读",
        r"\b(?:studies|studying) (?:[\w ]+ )?at\b|\b(?:school|college|university|enrolled|graduat\w+|freshman"
        r"|sophomore|grade|student (?:at|of))\b"
        r"|就读|在读|读(?:大|研|博|高|初|小)|[大研高初][一二三四](?!点|时|家)|毕业|大学|年级",
    ),
    "age": (
        "years old age turned 岁 年龄",
        r"\b(?:is|turned|turns) \d{1,3}(?=[.,;!?]|$| years?\b| now\b| today\b| yesterday\b)|\byears? old\b|\bage is\b"
        r"|\b(?:is|turned|turns) [a-z]+(?:ty|teen)(?:-\w+)?\b|[\d一二三四五六七八九十]岁|年龄",
    ),
    "birthday": ("birthday born 生日 出生", r"\b(?:birthday|born|date of birth)\b|生日|出生"),
    "marriage": (
        "married single divorced engaged widowed 结婚 单身 离婚 已婚 订婚 分手",
        r"\b(?:married|marries|single|divorced|engaged|widowed|separated|broke up|dating|in a relationship)\b"
        r"|结婚|单身|离婚|[已未再]婚|订婚|分手|恋爱|丧偶|复婚",
    ),
    "children": (
        "kids children son daughter pregnant 孩子 儿子 女儿 怀孕",
        r"\b(?:has|have|had|expecting) (?:\w+ ){0,2}?(?:kids?|child|children|sons?|daughters?|baby)\b"
        r"|\b(?:pregnant|gave birth)\b|有.{0,4}(?:孩子|儿子|女儿)|怀孕|生了",
    ),
    "name": (
        "name called named 名字 姓名 叫",
        r"^@(?:'s)? (?:(?:full |real |last |first |nick)?name\b|is (?:called|named)|goes by|changed .{0,12}\bname)"
        r"|^@的?(?:名字|全名|昵称|小名|姓名|叫|姓|改名)",
    ),
    "contact": (
        "phone number email address 电话 手机 号码 邮箱",
        r"\b(?:phone|mobile|telephone|e-?mail)\b|电话|手机号|号码|联系方式|邮箱",
    ),
    "hometown": (
        "hometown grew up comes from 老家 家乡 来自",
        r"\b(?:hometown|home town|grew up|comes from|is from)\b|老家|家乡|故乡|籍贯|来自",
    ),
    "weight": ("weighs weight 体重", r"\b(?:weigh\w*|kilos?|kgs?|pounds|lbs)\b|\d(?:kg|lbs)\b|体重|公斤|[\d百]斤"),
    "height": ("height tall 身高", r"\b(?:height|tall)\b|\dcm\b|身高|厘米"),
    "income": ("salary earns income rent 工资 收入 房租", r"\b(?:salary|earns?|income|rent)\b|工资|薪|收入|房租"),
    "diet": (
        "vegetarian vegan diet meat 吃素 素食 吃肉",
        r"\b(?:vegetarian|vegan|diet|meat|steak|beef|pork)\b|吃素|素食|肉|忌口",
    ),
}

_FAVOURITE = re.compile(
    r"\bfavou?rite ((?:\w+ ){0,2}?\w+)(?= (?:is|are|was|has)\b)|最(?:喜欢|爱|喜爱)的(.{1,6}?)是", re.IGNORECASE
)
_OF_OTHERS = re.compile(
    r"^@(?:'s|的)\s*(?:\w+ )?(?:(?:grand|step)?(?:mother|father|parents?|mum|mom|dad|sons?|daughters?|child)|brothers?"
    r"|sisters?|wife|husband|partner|girlfriend|boyfriend|cousins?|uncle|aunt|nephew|niece|friends?|colleagues?"
    r"|neighbou?rs?|roommate|boss|teacher|dogs?|cats?"
    r"|爸|妈|父|母|爷|奶|外公|外婆|姥|哥|弟|姐|妹|儿子|女儿|孩子|老公|老婆|丈夫|妻子|先生|太太|男友|女友|男朋友|女朋友|朋友|同事"
    r"|同学|邻居|室友|老板|老师|叔|伯|姑|姨|舅|侄|甥|表|堂|狗|猫)",
    re.IGNORECASE,
)

ATTRIBUTES: tuple[str, ...] = tuple(_TABLE)
"""Their names, which the `subject` of an observation may be."""


@lru_cache(maxsize=1)
def _patterns() -> Mapping[str, re.Pattern[str]]:
    return {name: re.compile(pattern, re.IGNORECASE) for name, (_, pattern) in _TABLE.items()}


def attributes_of(text: str) -> frozenset[str]:
    """The attributes that a text speaks of, such as "home", "favourite food", and "home of another" for a sister's."""
    whose = " of another" if _OF_OTHERS.search(text) else ""
    found = {name + whose for name, pattern in _patterns().items() if pattern.search(text)}
    for match in _FAVOURITE.finditer(text):
        found |= {f"favourite {term}" for term in content_terms(match[1] or match[2])}
    return frozenset(found)


def cue(attribute: str) -> str:
    """What to search for to find memories of an attribute, in both languages."""
    name = attribute.removesuffix(" of another")
    return _TABLE[name][0] if name in _TABLE else name
