"""What people put around a question without asking it: greetings, "do you still remember", 请问, thanks.

Their words would be sought and found in small talk, and pull the vector of the question away from its topic.
"""

from __future__ import annotations

import re

from .text import content_terms

_GAP = r"[\s,.!:;?~，。！：；？、…—-]*"
_EN_KNOW = r"(?:remember|recall|know|tell me|remind me|let me know|help me (?:remember|recall|out))"
_EN_LOST = r"i (?:forgot|forget|can['’]?t (?:remember|recall)|cannot (?:remember|recall)|don['’]?t (?:remember|recall))"
_EN_BEFORE = (
    r"(?:(?:well|so|there|again|anyway|btw|sorry|thanks|thank you|just (?:wondering|curious))(?=\s*[,.!:;?…—-])"
    r"|(?:hi|hey|hello|ok|okay|oh|um+|hmm+|please|excuse me|by the way|good (?:morning|afternoon|evening)"
    r"|(?:a )?quick question|(?:one more|another) (?:question|thing)"
    rf"|(?:do|can|could|would|will) you (?:(?:still|happen to|maybe|perhaps|please|kindly|by any chance) )*{_EN_KNOW}"
    r"(?: by any chance| again)?"
    r"|i (?:was|am|have been)(?: just)? (?:wondering|curious|trying to (?:remember|recall))"
    r"|i['’]m(?: just)? (?:wondering|curious)|i wonder|let me ask(?: you)?"
    rf"|i(?: just|['’]d| would)? (?:want|wanted|like|love|need) to (?:know|ask)(?: you)?|{_EN_LOST})\b)"
)
_EN_BEHIND = (
    r"(?:please|thanks(?: a lot| so much| in advance)?|thank you(?: so much| very much)?|thx|cheers"
    rf"|(?:do|can|could|would) you (?:still |please |happen to )?{_EN_KNOW}|if you (?:still )?(?:remember|recall|know)"
    rf"|{_EN_LOST}|any idea)"
)
_ZH_KNOW = r"(?:记得|记不记得|知道|知不知道|告诉我|告诉一下|提醒我|帮我(?:想想|回忆)|回忆)(?:一下|下)?"
_ZH_BEFORE = (
    r"(?:你好|您好|嗨|嘿|哈喽|喂|哎|那个|话说|对了|请问|麻烦(?:你|您|一下)|不好意思|打扰(?:一下|了)|早上好|晚上好"
    r"|(?:我)?(?:就|只是)?(?:想|要)(?:请问|问|知道|了解|确认)(?:问|一下|下|你|您)*|(?:再)?问(?:你|您)?(?:一下|下|个问题|个事)"
    rf"|(?:请)?(?:你|您)?(?:还|是不是|是否|能不能|能否|能|可以|可不可以|应该)*{_ZH_KNOW}(?:吗|么|不)?(?=[，,：:？?！!\s]|我|[他她它]|上|之|以)"
    rf"|(?:请|请你|你|您)(?:能不能|能否|能|可以|可不可以)*{_ZH_KNOW}|我(?:忘了|忘记了|想不起来了?|记不清了?|不记得了?))"
)
_ZH_BEHIND = (
    r"(?:谢谢(?:你|您|啦|了)?|多谢(?:了)?|感谢|麻烦(?:你|您)?了|拜托(?:了)?"
    rf"|(?:你|您)(?:还|能|可以)*{_ZH_KNOW}(?:吗|么|不)|(?:能|可以)告诉我(?:吗|么)|我(?:忘了|忘记了|想不起来了?|记不清了?))"
)
_BEFORE = re.compile(rf"^{_GAP}(?:(?:{_EN_BEFORE}|{_ZH_BEFORE}){_GAP})+(?:(?:if|whether|about)\b\s*)?", re.IGNORECASE)
_BEHIND = re.compile(rf"(?:{_GAP}(?:\b{_EN_BEHIND}|{_ZH_BEHIND}))+{_GAP}$", re.IGNORECASE)
_MARK = re.compile("[?？]")


def bare(question: str) -> str:
    """The question without courtesies before and behind it; as it is where they are all it says."""
    left = _BEFORE.sub("", question.strip())
    end = _BEHIND.search(left)
    if end is not None:
        mark = _MARK.search(end.group())  # it stays, for it tells that something is asked
        left = left[: end.start()] + (mark.group() if mark else "")
    return left if content_terms(left) else question
