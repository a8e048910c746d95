"""When an answer says that there is nothing: in words alone, or with an empty list that is meant as the answer."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..errors import ModelAnswerError

_NOTHING_WORDS = (
    r"none|nothing|null|nil|n/?a|empty|not applicable|"
    r"无|没有|暂无|空|没了|無|沒有|不适用|无内容|没有内容|空列表|空数组|不需要记录"
)
_THINGS = (
    r"(?:facts?|memor(?:y|ies)|information|info|pairs?|conflicts?|contradictions?|containments?|subjects?|observations?|"
    r"changes?|results?|relations?|entries|items|statements?|(?:personal )?details?|insights?)"
)
_QUALITIES = r"(?:new|relevant|such|personal|useful|lasting|clear|important|notable|memorable|further|other)"
_TAILS = (
    r"(?:(?:that (?:is|are)|which (?:is|are))? ?(?:worth (?:\w+ing|a memory)|of interest|here|found|at all|given"
    r"|present|available|to (?:remember|record|extract|report|note|list|keep|store|write down|output|name|add|return)"
    r"|about (?:the |this )?(?:person|user|speaker)"
    r"|in (?:the|these|this) (?:conversation|lines?|messages?|chat|text|dialogue)"
    r"|can be (?:found|extracted|recorded)|(?:was|were) (?:found|mentioned|given|said)|mentioned|said|yet|today))"
)
# Lines, messages and data are what an answer is about: only having none that is worth anything is an answer.
_WORTHLESS = (
    rf"(?:{_QUALITIES} )?(?:data|messages?|lines?) (?:(?:that|which) (?:is|are) )?(?:worth (?:\w+ing|a memory)"
    r"|of interest|to (?:remember|record|extract|report|note|keep|store|write down)"
    r"|about (?:the |this )?(?:person|user|speaker))"
)
_EN_NOTHING = re.compile(
    rf"(?:(?:answer|output|result|results|response|facts|memories)\s*[:=]\s*)?"
    rf"(?:(?:there(?:'s| is| are| was| were)|i (?:found|see|find)|contains?|has|have) )?"
    rf"(?:{_NOTHING_WORDS}|(?:an |the )?empty (?:list|array|json list|json array)|nothing {_QUALITIES}"
    rf"|(?:no|not any|zero) (?:(?:{_QUALITIES} )?(?:and {_QUALITIES} )?{_THINGS}(?: or {_THINGS})?|{_WORTHLESS}))"
    rf"(?: {_TAILS}){{0,3}}",
    re.IGNORECASE,
)
_ZH_NOTHING = re.compile(
    r"(?:(?:答案|输出|结果|回答)\s*[:：]?\s*)?"
    r"(?:(?:这[些段次]?|该|本[次段]?|以?上述?)(?:行|段|对话|消息|聊天|内容|记忆)*(?:之间|[中里])?|其中|对话[中里]|目前)?(?:都|均)?"
    r"(?:没有|无|未发现|没发现|没有发现|暂无|未找到|没有找到|不存在|并无|沒有|無)(?:任何|什么|新的?|明显的?|相关的?)*"
    r"(?:可以?|需要|值得|应该?|能|要)?(?:被)?(?:记(?:录|住|忆|下)?|提取|写|总结|更新|输出|保留|关注)?(?:下来)?的?"
    r"(?:关于(?:用户|此人|这个人|该用户)的)?(?:任何|相关|有用|有价值|重要|新|长久|个人)*的?"
    r"(?:事实?|信息|内容|记忆|东西|事情|矛盾|冲突|关系|主题|变化|观察|结果|这样的一对|对|数据)?(?:可记|可以记录|可写)?"
    r"(?:[或和、](?:矛盾|包含|冲突|重复)(?:关系)?)?(?:的?(?:记忆)?对)?"
)
_TRIM = " \t\r\n.。!！,，;；:：`*_#>-~\"'“”‘’()（）[]{}［］【】｛｝<>《》\\/"
# What was asked about, so that having none of it is a complaint and no answer.
_NOT_GIVEN = re.compile(
    r".*\b(?:no|any) (?:memories|lines?|messages?|data) (?:\w+ )?(?:given|provided|supplied|shown|available)\b"
    r"|(?:没有|沒有|无|暂无|未发现|没有?找到|未找到)(?:任何|可用的?|相关的?)*(?:数据|消息|对话|聊天)",
    re.IGNORECASE,
)
# What stands beside an empty list that is no answer: when its model would give it, why it gives none, or a program.
_WOULD = re.compile(r"\b(?:if|when|unless|in case|whenever)\b|如果|若|则|当[^。\n]{0,40}时", re.IGNORECASE)
_SEEN = r"(?!(?:find|identify|see|extract|detect|spot|be|derive|determine|infer)\b)"
_CANNOT = (
    r"\bas an ai\b|\berror\b|\bexceeded\b|\bfailed to (?!find)|\brequest failed\b|\bi refuse\b"
    rf"|(?:^|[.!,，。]|\b(?:i|we)(?:[’']m| am| are)?)\s*(?:can(?:no|[’'])t|can not|not able to|unable to"
    rf"|could(?:n[’']t| not)|won[’']t|will not) {_SEEN}"
    r"|(?:^|我|抱歉[^。\n]{0,6}|对不起[^。\n]{0,6})(?:无法|不能|没有权限)(?!从|找|提取|发现|确定|识别|得出|看出)|错误|失败"
    r"|作为(?:一个)?(?:人工智能|AI)"
)
_ASKS = r"\bplease (?:give|send|provide|share|paste)\b|请(?:先|您|你)?(?:提供|给|发送|发|输入)"
_PROGRAM = (
    r"\bfor \w+ in\b|\.(?:append|push)\(|\bpush each\b|\b(?:const|let|var) \w+ =|\bdef \w+\(|\bprint\("
    r"|\brun this\b"
)
_NO_ANSWER = re.compile(f"{_CANNOT}|{_ASKS}|{_PROGRAM}", re.IGNORECASE | re.MULTILINE)


def says_nothing(said: str) -> bool:
    """Whether an answer says, as all that it says, that there is nothing: "None.", "无", "There are no new facts."."""
    if len(said) > 200:
        return False
    lines = [line for line in said.splitlines() if not line.strip().startswith(("```", "~~~"))]
    told = " ".join(" ".join(lines).split()).strip(_TRIM)
    meant = _EN_NOTHING.fullmatch(told) or _ZH_NOTHING.fullmatch(told)
    return bool(told and meant) and not _NOT_GIVEN.fullmatch(told)


def is_nothing(value: object) -> bool:
    """Whether a field holds a word for nothing ("none", "无")."""
    return isinstance(value, str) and bool(re.fullmatch(_NOTHING_WORDS, value.strip(_TRIM), re.IGNORECASE))


def check_nothing_meant(pieces: Sequence[str]) -> None:
    """Raise `ModelAnswerError` where what is said around empty lists shows that they are not the answer.

    A condition counts only on the line of a list, elsewhere it is a part of the reasons.
    """
    lines = [piece.rpartition("\n")[2] for piece in pieces[:-1]] + [piece.partition("\n")[0] for piece in pieces[1:]]
    if _NO_ANSWER.search("\n".join(pieces)) or any(map(_WOULD.search, lines)):
        raise ModelAnswerError("The model's answer holds an empty list among words that are no answer.")
