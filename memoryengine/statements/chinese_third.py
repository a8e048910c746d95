"""Chinese: from the first person to the third."""

from __future__ import annotations

import re

from .chinese_words import ATTRIBUTES, KIN, PETS, plain

_ME = r"(?:我们|咱们|我|咱|俺|本人)"
_KEPT = r"自我|忘我|我行我素|我国|大我|小我"
_LONGEST_FIRST = {
    name: "|".join(sorted(words.split("|"), key=len, reverse=True))
    for name, words in (("kin", KIN), ("attribute", ATTRIBUTES), ("pets", PETS))
}
_FIRST = re.compile(
    rf"(?P<kept>{_KEPT})"
    rf"|{_ME}(?P<drop>的)(?={_LONGEST_FIRST['attribute']})(?=[^，。的是为叫在：:]{{1,6}}(?:是|为|：|:|=))"
    rf"|{_ME}(?P<of>的)"
    rf"|{_ME}(?P<kin>)(?=(?:{_LONGEST_FIRST['kin']}))"
    rf"|{_ME}"
)
# 我妈 is told as 用户的妈妈: alone the character would read as something else.
_ONE_CHARACTER = re.compile(
    r"(?P<me>我(?:的)?(?=[爸妈哥姐弟妹](?![爸妈哥姐弟妹夫子女]))"
    r"|\A(?=[爸妈哥姐弟妹][是在有叫住会不很也特喜爱对生今明后下上去来从的做当开养考刚最已退每和跟给让]))"
    r"(?P<kin>[爸妈哥姐弟妹])"
)
_AGAIN = re.compile(
    rf"(?P<who>(?:我|我的)(?:{_LONGEST_FIRST['kin']})[\u4e00-\u9fff]{{0,3}}?)[他她](?=[是在有叫住会不很也特喜爱对生今])"
)
# Where the speaker is the subject, what follows is the speaker's own.
_SUBJECT = re.compile(
    rf"[^，。我]{{0,10}}{_ME}(?!的|家|{_LONGEST_FIRST['kin']}|们)(?![^，。]{{0,4}}(?:[爸妈哥姐弟妹]))"
)
_LATER = re.compile(rf"(?<![自忘大小唯]){_ME}(?![国行]|自己)")
_BARE = re.compile(rf"(?:{_LONGEST_FIRST['kin']}|{_LONGEST_FIRST['pets']})")
_QUOTED = re.compile(r"(“[^”]*”|\"[^\"]*\"|「[^」]*」)")


def third_person(text: str, human: str) -> str:
    """A clause about 我 as one about `human`: 我的爱好是吉他 gives 用户爱好是吉他.

    我妹妹住在成都 gives 用户的妹妹住在成都, and where 我 is the subject a later 我的 is 自己的. A relative or pet
    without an owner at the start is the speaker's. What stands in quotes stays.
    """
    text = _AGAIN.sub(r"\g<who>", _ONE_CHARACTER.sub(r"\g<me>\g<kin>\g<kin>", text))
    if _BARE.match(plain(text)):
        text = f"我的{text}"
    if match := _SUBJECT.match(plain(text)):
        text = text[: match.end()] + _LATER.sub("自己", text[match.end() :])
    return "".join(part if _QUOTED.fullmatch(part) else _rewritten(part, human) for part in _QUOTED.split(text) if part)


def _rewritten(text: str, human: str) -> str:
    def told(match: re.Match[str]) -> str:
        if match["kept"]:
            return text[match.start() : match.end()]
        return human + ("的" if match["of"] or match["kin"] is not None else "")

    out, at = [], 0
    for match in _FIRST.finditer(plain(text)):
        out += [text[at : match.start()], told(match)]
        at = match.end()
    return "".join((*out, text[at:]))
