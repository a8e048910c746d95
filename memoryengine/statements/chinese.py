"""Chinese: cut a sentence into clauses that stand for themselves, and weigh each by its structure.

Rules are written in simplified characters and matched on `plain` text, which is of the same length as the original.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .chinese_words import ADVERBS, ATTRIBUTES, KIN, PERSONAL, PETS, TIMES, plain
from .clause import Clause

ME = r"(?:我们|咱们|我|咱|俺|本人)"
_ADV = (
    rf"(?:{TIMES}|{ADVERBS}|从[\d一二三四五六七八九十]+[^，]{{0,6}}(?:起|开始)|在[^，。我]{{1,10}}(?:时候|期间|"
    rf"之[前后]))"
)
_LEAD = re.compile(
    r"(?:对了|其实|说实话|老实说|说真的|话说|顺便(?:说|提)(?:一下|一句|一嘴)?|顺带一提|哈+|嘿+|呵+|嗯+|哦+|噢|啊+|"
    r"哎呀?|唉|诶|嗨|哇塞?|好的|好吧|好|行|"
    r"是的|是啊|是呀|对啊?|没错|当然(?:可以|了|啦)?|可以|没有|没关系|没事|你好呀?|您好|大家好|早上好|晚上好|下午好|"
    r"谢谢你?|感谢你?|不过|但是|但|而且|并且|"
    r"所以|因此|于是|然后|另外|此外|还有|再说|同时|结果|总之|反正|除此之外|还好|幸好|幸亏|好在|"
    r"(?:我)?(?:要|想|得)?(?:跟|和|对|向)?(?:告诉|跟|和)你?(?:说|讲|分享)?(?:一下|个事|一件事)?(?=[，:：])|"
    r"(?:我)?(?:想|要|得)?(?:告诉|提醒)你(?:一下|一件事)?|"
    r"我(?:想|要)说的?是?|我?(?:跟|和)你(?:说|讲)|我之前(?:说过|提过|告诉过你)|你(?:要|得|应该)?(?:知道|了解)的?|"
    r"如你所知|众所周知)"
    r"(?:[，,:：\s]+|(?=我|咱|俺)|\Z)|(?:而且|并且|但是|不过|所以|因此|另外|此外)(?=[\u4e00-\u9fff]{3})"
)
_REMEMBER = re.compile(
    r"(?:请|麻烦|拜托)?(?:你|您)?(?:一定)?(?:要|得|帮我|给我|替我)?(?:(?:好好)?(?:记住|牢记|记下来?|记一下|记着|"
    r"备注(?:一下)?|记录(?:一下)?)|"
    r"(?:别|不要|可别|千万别)忘(?:了|记)|记得(?=我[^，]{0,8}(?:是|叫|在|对|有|喜欢|不|住)))(?:[，,:：\s]+|"
    r"(?=[^，。了]))"
)
_ASKS = re.compile(
    r"(?:吗|么|嘛)\Z|(?:^|我|你|那|这|他|她|它|[\u4e00-\u9fff]{1,6})呢\Z|什么|(?<![一不])谁|哪(?!怕)|多少|怎么|怎样|"
    r"如何|为什么|为何|为啥|干嘛|啥|咋|"
    r"是不是|有没有|能不能|可不可以|会不会|要不要|好不好|对不对|行不行|是否|能否|可否|记不记得|知不知道|几(?:岁|点|号|"
    r"月|个|只|条|位|口|年|次|天|时|本|套|辆|家)"
)
_NOT_ASKED = re.compile(
    r"(?:什么|谁|哪里?儿?|怎么|啥|多少|如何|怎样)[^，]{0,6}(?:都|也)|(?<!有)没(?:有)?什么|没啥|不怎么|没怎么|多少有|"
    r"无论|不管|不论|好几|十几|几[十百千万]|"
    r"[了过好有养这那前后的]几[个只条位口年次天本套辆家月号点]|什么的"
)
_STILL = re.compile(r"(?:在|还|才|正|着|可|呢)[^，]{2,}呢\Z")
_COMMAND = re.compile(
    r"(?:请|麻烦|拜托|劳驾|能(?:帮|给|告诉|推荐|否)|可以(?:帮|给|告诉|推荐|教)|可否|帮(?:我|忙|一下)|给我(?!们?(?:妈|"
    r"爸|儿|女|家|的))|替我|告诉我|教(?:我|教)|陪我|"
    r"提醒|让我们?(?=看|来|一起|想|试)|写(?:一|个|首|篇|段|封)|翻译|推荐|介绍(?:一|下)|解释|总结|列(?:出|举)|讲(?:一|"
    r"个|讲)|说(?:说|一|明|下)|查(?:一|询|找)|"
    r"搜(?:索|一)|算(?:一|算)|生成|画(?:一|个|张|幅)|分析|润色|改写|续写|把|将[^，要去来会在]{1,10}(?:翻译|改|转)|"
    r"用[^，]{1,8}(?:写|说|翻译|回答|解释)|"
    r"来(?:一|个|点|首)|继续|停(?:下|止)|别(?!人)|不要|不用|不必|快(?:点|来|去|给)|再(?:给|来|写|说|讲|推荐)|"
    r"[你您](?!.*我(?:的|是|叫|在|对|有))|"
    r"看(?:看|一下)|试试|设(?:置|个|定)|打开|关(?:闭|掉)|播放|回答|祝|希望你|加油|叫(?:醒)?我(?=起床|吃))"
)
_IMAGINED = re.compile(
    r"如果|假如|要是|假设|倘若|万一|假使|若是|假若|(?:我)?想象(?!力)|幻想|梦见|梦到|做了(?:一)?个梦|设想|扮演|但愿|"
    r"早知道|假装|"
    r"(?:故事|小说|剧本|游戏|电影|梦)(?:里|中)[^，]{0,4}我"
)
_SAID = r"(?:知道|明白|懂|了解|理解|同意|赞同|认同|猜|以为|记得|听说|看到|收到|发现)"
_REPLY = re.compile(
    rf"(?:{_ADV}|下次|回头|改天){{0,6}}{ME}会[^，]{{0,14}}的\Z|"
    rf"(?:{_ADV}|下次|回头|改天){{0,6}}{ME}(?:也|都|就|会|一定|真的|现在|已经|完全|非常|很|的确|确实|当然|想|可以|要|"
    rf"再|去|"
    rf"来|先|马上|好好|尽量|多|好像|还|一下|只是|就是|这就|应该|"
    rf"可能|觉得|大概|有点|不){{0,6}}(?:{_SAID}(?:了|的|啦|你|这|了解|到){{0,6}}(?:\Z|你|这)|努力(?:的|一下|加油)?\Z|"
    rf"加油|(?:认真|"
    rf"努力)?(?:学习|考虑|思考|准备|休息|练习)(?:一下|的)?(?:\Z|并)|试(?:试|一试|着|一下)|尝试(?:一下|你|这|着)|"
    r"注意(?:的|这|一下)|考虑(?:的|一下|你|这)|看看(?:\Z|你|这)|想想|"
    r"记住|这么(?:认为|觉得|想)|是(?:的|这样|这么)|没(?:事|问题|关系|听说)|不(?:知道|清楚|确定|明白|懂|太清楚|太明白)|"
    r"(?:谢谢|感谢|多谢|希望|祝|期待|相信|爱|喜欢|支持|想念|信任|羡慕|佩服)(?:你|您|这个|那|它)|(?:这样|你)(?:做|说)|"
    r"听你|去做|尽力|懂了|回头|下次(?:再|一定)|等你|走了|来了|睡了|先(?:去|走|睡)|挺好|还好|很好|不错|好多了|没什么|"
    r"也一样|也不知道)"
)
_REQUEST = re.compile(
    rf"(?:{_ADV}){{0,6}}(?:{ME})?(?:{_ADV}|一直|现在|还|也|真的|很){{0,6}}(?:想|要|需要|想要|希望|打算)(?:再|先|多|跟|"
    rf"和|向|请|"
    rf"找)?(?:你|您)?"
    r"(?:问|请教|咨询|知道|了解(?:一下|下|你|这)|听(?:听|一下|你)|聊(?:聊|一下|一聊|天)|和你|跟你|请你|让你|你|您|"
    r"请您|一些建议|一点建议|点建议|帮助|帮忙|查|推荐|"
    r"讨论|分享(?:一下|给你)|搞清楚|确认|看看你|找你|求助)|"
    rf"[^，]*(?:请|让|求|麻烦|拜托)(?:你|您)|{ME}(?:这里|现在|还|这)?(?:有|遇到)(?:了)?(?:一|几|两)?(?:个|些)?(?:小|"
    rf"大)?(?:问题|疑问|事情?想|请求|不情之请)|{ME}(?:在|正在)?问|{ME}的?(?:问题|意思)(?:是)?"
)
_MOOD = re.compile(
    rf"(?:[听看]到[^，]{{0,20}})?(?:{_ADV}|感觉|觉得){{0,6}}{ME}(?:{_ADV}|感到|感觉|觉得|心情|好|变得|的心情){{0,6}}"
    r"(?:开心|高兴|难过|累|困|饿|渴|烦|无聊|忙|焦虑|担心|感动|激动|欣慰|惊讶|紧张|伤心|沮丧|郁闷|生气|好多了|舒服|"
    r"轻松|幸福|满足|兴奋|期待|放心|羡慕|"
    r"好|不错|不好|糟糕|失落|迷茫|感激|荣幸|后悔|尴尬|疲惫|崩溃|心累)(?:了|的|啊|呀|呢|啦|吧|极了|死了|坏了|哦){0,6}\Z"
)
_EXCLAIM = re.compile(r"我(?:去|靠|晕|的天|的妈|天|勒个|擦|了个|的老天|的神|滴)(?:啊|呀|哪|呐)?(?:\Z|[，！])")
_PROTECTED = re.compile(r"自我|忘我|我行我素|我国|大我|小我|我们国家")
_OTHERS = re.compile(
    r"(?:这|那|今天|昨天|明天|现在|天气|你|您|他|她|它|其|人生|生活|时间|大家|有人|别人|什么|谁|哪|不|没|很|真|太|最|"
    r"只|就|都|也|还|听起来|看起来|感觉)"
)
_LONG_KIN = "|".join(word for word in KIN.split("|") if len(word) > 1)
_KIN_SUBJECT = re.compile(
    rf"(?:{_ADV}[，,]?){{0,6}}(?:(?:{_LONG_KIN})(?!们|好\Z|你|您|之间|关系|圈|聚会|，|\Z)[^，]{{2,}}|"
    rf"(?:{KIN}|{PETS})(?!们?(?:好|你|您|之间|关系|圈))"
    rf"(?:[是在有叫住会不很也特喜爱对生今明后下上去来从的做当开养考刚最已退每经]|[\u4e00-\u9fff]{{1,4}}[是在有叫住喜]))"
)
_THING = re.compile(r"(?P<of>[^，。的是]{2,24})的(?P<what>[^，。的是]{1,10})(?:是|在|叫|为|有|=|：|:)[^，。]")
_NAMED = re.compile(
    r"(?P<name>[\u4e00-\u9fff]{2,4}?|[a-z]+(?: [a-z]+)?)(?:今年|现在|目前|特别|最|也|很|不|一直|已经|刚){0,2}"
    r"(?:是(?:一?(?:个|名|位|家|部|款|条|只)|用户|属)|(?:在|就在)[^，]{1,14}(?:工作|上班|上学|读书|任职|举行|举办)|"
    r"住在?|喜欢|爱好|讨厌|毕业|\d+岁|结婚|养了|对[^，]+过敏|来自|叫)"
)
_THIS = re.compile(r"(?:这|那)(?!(?:个|只|条|位|本|家|张|辆)?(?:就|也|可)?是(?:我|咱|俺))(?!天|年|时|个月|周|段时间)")
_PERSONAL = re.compile(rf"(?:{_ADV}[，,]?){{0,6}}(?:{PERSONAL})")
_AGED = re.compile(
    rf"(?:{_ADV}){{0,6}}[\d一二三四五六七八九十]{{1,4}}岁(?:了|啦|半)?\Z|(?:{_ADV}){{0,6}}\d{{2,4}}年(?:出)?生|"
    rf"(?:{ATTRIBUTES})(?:是|为|：|:|在|每|大概|大约|一共|"
    rf"\d)[^，]"
)
_PRONOUN = re.compile(r"(?:他|她|它|他们|她们|它们|其)")
_OWN_START = re.compile(rf"(?:{_ADV}[，,]?){{0,6}}(?:{ME}|{KIN})")
_BOUND = re.compile(
    r"(?:因为|由于|虽然|尽管|即使|为了|除了|自从|每当|每次|只要|只有|当|随着|作为|关于|对于|通过|不但|不仅|一边|首先|"
    r"其次|当时|那时)|.*(?:时候|时|之后|以后|后|以来|之前|期间|的话)\Z"
)
_INTRODUCES = re.compile(
    r"(?:有|养|认识|生|收养|领养|买|碰到|遇到|娶|嫁)(?:了|着|过|给)?(?:一|两|三|几|个|只|条|位)|"
    r"(?<![是在])[一两三几](?:个|只|条|位|道|本|部|首|款|家|座|种|名|所|间|辆|台|把|场|门|支|套|盆|匹)"
)
_JOINS = re.compile(r"(?:但是|但|不过|而且|并且|所以|因此|同时|另外|还有|此外|然后|还)+[，]?")

_SHARED = re.compile(rf"(?:{_ADV}[，,]?|{_JOINS.pattern}){{0,6}}(?P<who>{ME}(?:的)?(?:{KIN}|{PETS})|{ME}(?![的家]))")


def clauses(sentence: str, names: frozenset[str]) -> Iterator[Clause]:
    """The clauses of a Chinese sentence; `names` are people the speaker has introduced."""
    asks = sentence.rstrip('"”’」』）) ').endswith(("?", "？"))
    text = sentence.strip('"”’」』「『“‘。！？!?；;…~～. ')
    groups = _groups([part for part in re.split(r"[，,]", text) if part.strip()])
    imagined = False
    for at, group in enumerate(groups):
        imagined = imagined or bool(_IMAGINED.search(plain(group)))
        last = at == len(groups) - 1
        clause = _weigh(group, names, asks=asks and last)
        yield Clause(clause.text, 1, "imagined", "zh") if imagined else clause


def _groups(parts: list[str]) -> list[str]:
    """Parts between commas, joined where they do not stand for themselves; a shared subject is put back."""
    groups: list[str] = []
    subject = ""
    for part in (part.strip() for part in parts):
        begins = _begins(part, groups[-1] if groups else "", subject)
        if not groups or begins == "own":
            groups.append(part)
        elif begins == "shared":
            groups.append(subject + part[_JOINS.match(plain(part)).end() if _JOINS.match(plain(part)) else 0 :])  # type: ignore[union-attr]
        elif _refusal(plain(groups[-1])) or _refusal(plain(part)) or _is_call(groups[-1]):
            groups.append(part)
        else:
            groups[-1] = f"{groups[-1]}，{part}"
        subject = _subject(groups[-1])
    return groups


def _begins(part: str, before: str, subject: str) -> str:
    """How a part begins: with a subject of its own, with the one before (both stand for themselves), or bound ("")."""
    simple, left = plain(part), plain(before)
    if left and _BOUND.match(left) and "，" not in left:
        return ""
    bare = _JOINS.sub("", simple, count=1) if _JOINS.match(simple) else simple
    if _OWN_START.match(bare) and not _BOUND.match(bare):
        return "own"
    if subject and _PERSONAL.match(bare) and not _BOUND.match(bare) and not _INTRODUCES.search(left):
        return "shared" if _is_positive(left, frozenset()) else ""
    return ""


def _subject(group: str) -> str:
    """The subject a following part may share: "我", "我妹妹", "我的狗"; "" where there is none to share."""
    simple = plain(group)
    match = _SHARED.match(simple)
    return group[match.start("who") : match.end("who")] if match else ("我" if _PERSONAL.match(simple) else "")


def _is_call(text: str) -> bool:
    """Whether a part only opens: a greeting, "对了", "顺便说一下"."""
    match = _LEAD.match(plain(text) + "，")
    return bool(match) and match.end() >= len(text)  # type: ignore[union-attr]


def _stripped(text: str) -> tuple[str, bool]:
    """A clause without its opening words, and whether they asked to remember it."""
    remember = False
    for _ in range(5):
        simple = plain(text)
        asked = _REMEMBER.match(simple)
        match = asked or _LEAD.match(simple)
        if match is None or not match.end():
            break
        remember = remember or bool(asked)
        text = text[match.end() :].lstrip("，,:： ")
    return text, remember


def _weigh(group: str, names: frozenset[str], *, asks: bool) -> Clause:
    text, remember = _stripped(group)
    simple = plain(text)
    if asks and not remember:
        return Clause(text, 0, "question", "zh")
    if not text or (not remember and (why := _refusal(simple))):
        return Clause(text, 0, why if text else "greeting", "zh")
    return _statement(text, simple, names, remember)


def _refusal(simple: str) -> str:
    """Why a clause holds nothing to remember; "" where nothing speaks against it."""
    simple = _stripped(simple)[0]
    if _ASKS.search(simple) and not _NOT_ASKED.search(simple) and not _STILL.search(simple):
        return "question"
    for pattern, why in ((_COMMAND, "command"), (_REQUEST, "request"), (_REPLY, "reply"), (_MOOD, "mood")):
        if pattern.match(simple):
            return why
    return "exclamation" if _EXCLAIM.match(simple) else ""


def _statement(text: str, simple: str, names: frozenset[str], remember: bool) -> Clause:
    if _THIS.match(simple) and not remember:
        return Clause(text, 0, "not about the speaker", "zh")
    if _has_me(simple) or _KIN_SUBJECT.match(simple):
        moment = re.search(r"今天|今晚|刚才|现在|觉得|感觉|可能|也许|大概", simple)
        return Clause(text, 3 if remember or not moment else 2, "own", "zh")
    if _PRONOUN.match(simple) and len(simple) > 3:
        return Clause(text, 2, "pronoun", "zh")
    if _PERSONAL.match(simple) or _AGED.match(simple):
        return Clause(f"我{text}", 3, "own, subject left out", "zh")
    if _is_general(simple, names):
        return Clause(text, 3 if remember else 2, "named", "zh")
    return Clause(text, 3, "asked to remember", "zh") if remember else Clause(text, 0, "not about the speaker", "zh")


def _is_positive(simple: str, names: frozenset[str]) -> bool:
    return _statement(simple, simple, names, False).weight > 0


def _has_me(simple: str) -> bool:
    """Whether the speaker or the speaker's people have a part in it, with something said of them."""
    rest = _PROTECTED.sub("", simple)
    return bool(re.search(ME, rest)) and len(re.sub(rf"{ME}|的|了|呢|啊|吧", "", rest)) > 1


def _is_general(simple: str, names: frozenset[str]) -> bool:
    """Whether it says an attribute of a named thing ("展会的地点是上海") or of a person."""
    if _OTHERS.match(simple):
        return any(simple.startswith(plain(name)) for name in names)
    return bool(_THING.match(simple) or _NAMED.match(simple))
