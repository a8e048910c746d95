"""Chinese: the claims of an observation in the third person, read from simplified text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from memoryengine.statements.chinese_words import ATTRIBUTES, KIN, PETS, TIMES, plain

from .claims import HUMAN, Claim, terms_of
from .places import is_broad, is_district, is_dwelling, is_place

_FAMILY = "|".join(sorted(f"{KIN}|{PETS}".split("|"), key=len, reverse=True))
_H = rf"(?P<h>{HUMAN}(?:的?(?:{_FAMILY})(?:[\u4e00-\u9fff]{{1,3}}?|[a-z]+)?)?(?:家)?|[\u4e00-\u9fff]{{2,4}}?|[a-z]+)"
_NOW = (
    rf"(?:{TIMES}|也|就|又|还|都|已|早就|全家|一家|刚刚|的时候|[这那]里|开始|正式|终于|其实|确实|真的|一个人|自己|"
    rf"独自|，){{0,4}}"
)
_NOT_NOW = re.compile(
    r"要|想|打算|计划|准备|将|会(?!计)|可能|考虑|希望|曾|以前|之前|小时候|从前|原来|过去|本来|那时|当时|小学|中学|"
    r"大学时|梦|差一?点|几乎|险些"
)
_TAIL = re.compile(
    r"(?:租了?[套间个]?(?:房子?|公寓|屋)|了|啦|的|呢|啊|吧|生活|居住|定居|常住|住|工作|上班|发展|落脚|安家|这边|那边|这里|那里|市区|来|去|住|已经|"
    r"好多年|"
    r"很多年|[\d一二三四五六七八九十两几多]+(?:年|个月|天|周))+\Z"
)
_CUT = re.compile(
    r"(?:，|,|、|和|跟|与|因为|已经|快|有[\d一二三四五六七八九十两几]|生活|工作|上班|读书|上学|的|一[个间套家])"
)

_LIVES = re.compile(
    rf"{_NOW}{_H}(?P<when>{_NOW}[^，。]{{0,6}}?)(?:居?住在|住到|住(?=[\u4e00-\u9fff]{{2,4}}\Z)|定居(?:在|于|到)?|"
    rf"现居(?:住)?(?:在)?|常住|搬(?:家)?(?:到|去|来|回|至|进)了?|"
    rf"移居(?:到|去)?了?|移民(?:到|去)?了?|落户(?:在|到)?|家住|家在|家搬到了?|搬了?家到|"
    rf"(?:人|就|已经)?在(?=[^，。]{{2,8}}(?:定居|生活|居住|安家|落户|租)))(?P<v>[^，。]{{1,24}})"
)
_HOME_IS = re.compile(
    rf"{_H}的?(?:住址|地址|家庭住址|所在城市|居住地|常住地)(?:现在)?(?:是|在|改成|换成|变成)了?(?P<v>[^，。]{{2,24}})"
)
_LEFT_HOME = re.compile(
    rf"{_NOW}{_H}{_NOW}(?:不再住在?|不住在?|不在(?=[^，。]{{1,10}}(?:住|生活))|离开了?|搬离了?|"
    rf"搬出了?)(?P<v>[^，。]{{1,12}})"
)
_WORKS = re.compile(
    rf"{_NOW}{_H}(?P<when>{_NOW}[^，。]{{0,6}}?)(?:在|就职于|任职于|供职于|入职了?|跳槽(?:到|去)了?|加入了?|换到了?|"
    rf"去了?)(?P<v>[^，。]{{1,20}}?)"
    rf"(?:工作|上班|任职|就职|做事|打工|当(?P<as>[^，。]{{2,8}})|做(?P<does>[^，。]{{2,8}}))?(?:了|呢|的)?\Z"
)
_WORKS_AT = re.compile(r"工作|上班|任职|就职|入职|跳槽|加入|供职|打工|换到")
_UNEMPLOYED = re.compile(
    rf"{_NOW}{_H}{_NOW}(?:刚|已经|被)?(?:辞职|离职|失业|退休|被裁|下岗|裁员|辞了工作|没有工作|待业)"
)
_OCCUPIED = re.compile(
    rf"{_NOW}{_H}(?P<when>{_NOW})(?:的?(?:职业|工作|职位)(?:现在)?(?:是|为|变成|换成)了?|是一?[名位个]|"
    rf"成为了?一?[名位个]?|当上?了?(?:一?[名位个])?|"
    rf"转行(?:做|当)了?(?:一?[名位个])?|改行(?:做|当)了?(?:一?[名位个])?|升(?:职)?(?:为|成|到|任)了?|"
    rf"做(?=[^，。]{{2,6}}[师员])|是(?=[^，。]{{0,8}}(?:师|员|生|医|工|长|警察|护士|律师|程序员|司机|教授|经理|总监|"
    rf"主管|会计|厨师|记者|演员|老板)\Z))"
    rf"(?P<v>[^，。]{{2,14}}?)(?:了|的)?\Z"
)
_JOB = re.compile(
    r"(?:师|员|生|医|工|官|长|手|家|警察|护士|司机|教授|经理|总监|主管|会计|厨师|老板|记者|导游|保姆|翻译|编辑|作家|"
    r"助理|顾问|前台|保安|客服|销售|运营|策划|导演|"
    r"模特|教练|老师|班长|柜员|法官|主播|博主|店长|秘书|出纳|文员|设计|开发|人)\Z"
)
_GRADE = re.compile(
    rf"{_NOW}{_H}{_NOW}(?:在|正在)?(?:读|上|念|升)(?:到|上)?了?(?P<v>大[一二三四]|高[一二三]|初[一二三]|研[一二三]|"
    rf"博[一二三四]|"
    r"小?学?[一二三四五六]年级)"
)
_STUDIES = re.compile(
    rf"{_NOW}{_H}{_NOW}(?:在(?P<v>[^，。]{{2,14}}?)(?:读书|上学|读研|读博|读大学|念书|就读)|"
    rf"就读于?(?P<w>[^，。]{{2,14}}?))(?:了|呢)?\Z"
)
_COUNTED = re.compile(
    rf"{_NOW}{_H}{_NOW}(?:有|"
    rf"养)了?(?P<v>[一两二三四五六七八九十\d]+)[个只条位辆套匹](?P<thing>[^，。叫在]{{1,6}}?)(?:了|，.*|叫.*)?\Z"
)
_AGED = re.compile(
    rf"{_NOW}{_H}{_NOW}(?:的?(?:年龄|年纪)(?:是|为)?)?(?:满|过了|有|是|快)?(?P<v>\d{{1,3}}|"
    rf"[一二三四五六七八九十]{{1,4}})周?岁(?:了|啦|的?生日)?\Z"
)
_MARRIED = re.compile(
    rf"{_NOW}{_H}(?P<when>{_NOW})(?:和[^，。]{{1,6}})?(?P<v>结婚了|已婚|未婚|单身|离婚了?|离异|订婚了?|领证了|丧偶|"
    rf"分手了)"
)
_STATUS_WORDS = {
    "married": "结婚了 已婚 领证了",
    "single": "未婚 单身 分手了",
    "divorced": "离婚 离婚了 离异",
    "engaged": "订婚 订婚了",
    "widowed": "丧偶",
}
_STATUS = {word: name for name, words in _STATUS_WORDS.items() for word in words.split()}
_MANY_VALUED = "爱好 兴趣 兴趣爱好 特长 梦想 理想 目标 口味 偏好 习惯 过敏源 过敏原 偶像 手机"
_NOT_SINGLE = frozenset(_MANY_VALUED.split())
_ATTRIBUTE = "|".join(sorted(set(ATTRIBUTES.split("|")) - _NOT_SINGLE, key=len, reverse=True))
_VALUED = re.compile(
    rf"{_NOW}{_H}的?(?:新|现在的?)?(?P<a>(?:(?:工作|公司|私人|个人|家庭)的?)?(?:{_ATTRIBUTE}))(?:现在|已经)?(?:是|为|"
    rf"叫|在|改成|改为|换成|变成|改到|：|:|=)了?(?P<v>[^，。]+)"
)
_FAVOURITE = re.compile(
    rf"{_NOW}{_H}(?:现在|目前)?(?:的)?最(?P<how>喜欢|喜爱|爱|讨厌)的?(?P<a>[^，。是]{{0,8}})(?:现在)?(?:是|变成了?|"
    rf"换成了?)(?P<v>[^，。]+)"
)
_NAMED = re.compile(rf"{_H}(?:的?(?:名字|全名|小名))?(?:改名)?叫(?:做)?(?P<v>[^，。]{{1,10}})\Z")
_INTRODUCED = re.compile(
    rf"(?P<h>[\u4e00-\u9fff]{{2,4}})是{HUMAN}的?[^，。]{{1,6}}，其(?P<a>{_ATTRIBUTE})(?:是|为|在)(?P<v>[^，。]+)"
)
_SAME_WORDS = {
    "name": "姓名 名字 全名",
    "age": "年龄 年纪",
    "occupation": "职业 职位 职务 岗位 工作",
    "employer": "公司 单位 单位名称",
    "phone": "电话 电话号码 手机号 手机号码 联系电话 联系方式",
    "email": "邮箱 邮箱地址 电子邮箱",
    "residence": "住址",
    "address": "地址 家庭住址",
    "hometown": "家乡 老家 故乡 籍贯",
    "birthday": "生日",
    "marital": "婚姻状况",
    "workplace": "工作地 工作地点",
    "degree": "学历 教育背景",
    "animal": "属相 生肖",
    "wechat": "微信 微信号",
    "qq": "qq qq号",
    "plate": "车牌 车牌号",
}
_SAME = {word: name for name, words in _SAME_WORDS.items() for word in words.split()}

_VERBS = r"怕|喝|吃|抽|玩|打|用|养|开|看|练|学|做|听|跑|骑|去|弹|穿|读|写|拍|追|买"
_LIKE = r"喜欢|喜爱|热爱|酷爱|钟爱|爱好|爱上了?|爱(?=[\u4e00-\u9fff])|享受|迷上了?|沉迷"
_HATE = r"讨厌|厌恶|反感|受不了|厌倦了?|腻了|不感兴趣"
_QUIT = r"戒掉?了?|不再(?:去)?|再也不|停止了?|放弃了?|告别了?|没再|不怎么"
_DEGREE = (
    r"(?:特别|非常|很|最|超级?|挺|比较|真的|真|也|还|都|现在|已经|其实|确实|一直|从来|平时|经常|常常|每天|太|更|有点|"
    r"开始|刚|刚刚|最近|目前|又|，){0,4}"
)
_PREDICATE = re.compile(
    rf"{_NOW}{_H}{_DEGREE}(?:(?P<quit>{_QUIT})(?:{_LIKE})?|(?P<hate>{_HATE})|(?P<not>不太?|没有?|不能|不会|"
    rf"不是)(?P<notlike>{_LIKE})?|(?P<like>{_LIKE})|(?P<do>有|是|对|会|(?:{_VERBS})))"
    rf"(?P<o>[^。]*)"
)
_TURNED = re.compile(rf"(?P<h>{HUMAN}(?:的?(?:{_FAMILY}))?){_DEGREE}把(?P<o>[^，。]{{1,10}})戒掉?了?")
_LIGHT = re.compile(
    rf"\A(?:{_VERBS})(?=[\u4e00-\u9fff])|(?:了|的|啦|呢)+\Z|^[一两三四五几\d]*[个只条位名辆套杯包支瓶根顿碗]"
)


def claims(text: str) -> Iterator[Claim]:
    """The claims of a bare content in which the person is called "@"."""
    simple = re.sub(rf"\A[^{HUMAN}，]{{1,20}}(?:，|以?后|之后)(?={HUMAN})", "", plain(text)).replace("害怕", "怕")
    found = False
    for rule in _RULES:
        claim = rule(simple)
        if claim is not None:
            found = True
            yield claim
    if not found and (predicate := _predicate(simple)) is not None:
        yield predicate


def _holder(text: str) -> str:
    return re.sub(r"(?:全家?|一家|家)\Z", "", text.replace("的", ""))


def _place(text: str) -> str:
    cut = _CUT.split(text, maxsplit=1)[0] or text
    return _TAIL.sub("", cut).strip()


def _is_now(match: re.Match[str]) -> bool:
    return not _NOT_NOW.search(match.string[: match.start("v")])


def _residence(text: str) -> Claim | None:
    left = _LEFT_HOME.match(text)
    if left and (place := _place(left["v"])) and not is_dwelling(place):
        return Claim(_holder(left["h"]), "attribute", "residence", terms_of(place), ends=True)
    match = _LIVES.match(text) or _HOME_IS.match(text)
    if match is None or not _is_now(match):
        return None
    place = _place(match["v"])
    if len(place) < 2 or is_dwelling(place):
        return None
    level = {"broad": is_broad(place), "narrow": is_district(place)}
    return Claim(_holder(match["h"]), "attribute", "residence", terms_of(place), **level)


def _work(text: str) -> Claim | None:
    match = _UNEMPLOYED.match(text)
    if match:
        return Claim(_holder(match["h"]), "attribute", "employer", frozenset(), ends=True)
    match = _WORKS.match(text)
    if match is None or not _WORKS_AT.search(text) or not _is_now(match) or "兼职" in text:
        return None
    value = _TAIL.sub("", match["v"])
    name = "workplace" if is_place(value) else "employer"
    return Claim(_holder(match["h"]), "attribute", name, terms_of(value), broad=is_broad(value)) if value else None


def _occupation(text: str) -> Claim | None:
    match = _UNEMPLOYED.match(text)
    if match:
        return Claim(_holder(match["h"]), "attribute", "occupation", frozenset(), ends=True)
    match = _OCCUPIED.match(text)
    if match is None or not _is_now(match) or not _JOB.search(match["v"]) or "兼职" in text:
        return None
    return Claim(_holder(match["h"]), "attribute", "occupation", terms_of(match["v"]))


def _age(text: str) -> Claim | None:
    match = _AGED.match(text)
    return Claim(_holder(match["h"]), "attribute", "age", frozenset({match["v"]})) if match else None


def _marital(text: str) -> Claim | None:
    match = _MARRIED.match(text)
    if match is None or not _is_now(match):
        return None
    return Claim(_holder(match["h"]), "attribute", "marital", frozenset({_STATUS[match["v"]]}))


def _valued(text: str) -> Claim | None:
    match = _INTRODUCED.match(text) or _VALUED.match(text)
    if match is None:
        return None
    name = _SAME.get(match["a"], match["a"])
    value = re.sub(r"(?:了|啦)\Z", "", match["v"])
    return Claim(_holder(match["h"]), "attribute", name, terms_of(value), broad=is_broad(value))


def _favourite(text: str) -> Claim | None:
    match = _FAVOURITE.match(text)
    if match is None or not match["a"]:
        return None
    how = "hated" if match["how"] == "讨厌" else "favorite"
    return Claim(_holder(match["h"]), "attribute", f"{how} {match['a'].removeprefix('的')}", terms_of(match["v"]))


def _named(text: str) -> Claim | None:
    match = _NAMED.match(text)
    return Claim(_holder(match["h"]), "attribute", "name", terms_of(match["v"])) if match else None


def _school(text: str) -> Claim | None:
    match = _GRADE.match(text)
    if match and _is_now(match):
        return Claim(_holder(match["h"]), "attribute", "grade", frozenset({match["v"]}))
    match = _STUDIES.match(text)
    if match is None or not _is_now(match):
        return None
    return Claim(_holder(match["h"]), "attribute", "school", terms_of(match["v"] or match["w"]))


def _count(text: str) -> Claim | None:
    match = _COUNTED.match(text)
    if match is None:
        return None
    return Claim(_holder(match["h"]), "attribute", f"count {match['thing']}", frozenset({match["v"]}))


_RULES: tuple[Callable[[str], Claim | None], ...] = (
    _residence, _work, _occupation, _age, _school, _count, _marital, _valued, _favourite, _named
)  # fmt: skip


def _predicate(text: str) -> Claim | None:
    """A liking, a habit or any other predicate, with its polarity."""
    turned = _TURNED.match(text)
    if turned:
        return Claim(_holder(turned["h"]), "quit", "", _object(turned["o"]), negated=True)
    match = _PREDICATE.match(text)
    if match is None:
        return None
    holder, rest = _holder(match["h"]), match["o"]
    over = bool(match["not"]) and rest.rstrip().endswith("了")
    if match["quit"] or over:
        return Claim(holder, "quit", rest[:1], _object(rest), negated=True)
    if match["hate"] or match["notlike"]:
        return Claim(holder, "liking", "", _object(rest), negated=True)
    if match["like"]:
        return Claim(holder, "liking", "", _object(rest))
    whole = f"{match['do'] or ''}{rest}"
    return Claim(holder, "habit", whole[:1], _object(whole), negated=bool(match["not"]))


def _object(text: str) -> frozenset[str]:
    """The object as one term, without a light verb before it and particles after it."""
    text = re.sub(r"^[也还都再去太]+", "", text.strip(" ，"))
    for _ in range(3):
        text = _LIGHT.sub("", text)
    return frozenset({text}) if text else frozenset()
