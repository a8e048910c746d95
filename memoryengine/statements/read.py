"""Read a message: its clauses with their weights, and whether it is small talk alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from memoryengine.text import language
from memoryengine.values import Language

from .chinese_words import KIN, plain
from .clause import Clause
from .split import sentences, visible

# The text a message brings along to be worked on is not what its sender says about himself.
_MATERIAL = re.compile(
    r"\b(?:translate|proof-?read|rewrite|re-?phrase|paraphrase|summari[sz]e|polish)\s+(?:\w+\s+){0,2}?"
    r"(?:this|that|it|these|(?:the )?(?:above|following|below))\b"
    r"|\b(?:correct|edit|fix|improve|convert|put)\s+(?:this|these|the (?:following|above))\s+(?:text|sentences?|"
    r"paragraph|passage|email|letter)\b"
    r"|(?:翻译|润色|改写|校对|修改|总结|概括|续写|改成|译成)[^。？！\n]{0,4}(?:这[段句篇]|以下|下面|上面|上述|下列|"
    r"如下)"
    r"|(?:把|将)?(?:这[段句篇]|以下|下面|上面|上述|下列)[^。？！\n]{0,8}(?:翻译|润色|改写|校对|修改|总结|概括|续写|"
    r"译成|改成)",
    re.IGNORECASE,
)
_ORDER = (
    r"(?:translate|proofread|rewrite|rephrase|summari[sz]e|correct|write|explain|analy[sz]e|say|repeat|compose|"
    r"generate|draft|"
    r"complete|continue|classify|how (?:do|would) you (?:say|translate))"
)
_ORDER_COLON = re.compile(
    rf"(?:(?:please|can you|could you|now)\s+)*{_ORDER}\b[^:\n]{{0,80}}:\s*\S"
    r"|(?:请|帮我|麻烦|把)?[^。：:，\n]{0,10}(?:翻译|润色|改写|总结|写|造句|分析|续写|解释)[^。：:\n]{0,20}[:：]\s*\S",
    re.IGNORECASE,
)
_FICTION = re.compile(
    r"(?:(?:let's|please|now|can you|could you|i want you to)\s+)*(?:imagine|pretend|suppose|role-?play|act as|"
    r"play a game|"
    r"write (?:me )?(?:a|an|the) (?:\w+ ){0,3}(?:story|poem|novel|letter|essay|script|song|dialogue|speech))\b"
    r"|(?:请|我们|来|让我们|咱们)*(?:想象|假设|假装|假如|角色扮演|扮演|玩个游戏)|(?:请|帮我)*(?:写|编|"
    r"讲)(?:一)?(?:个|篇|首|段)[^。]{0,10}(?:故事|小说|诗|作文|剧本)",
    re.IGNORECASE,
)
_INTRODUCED = re.compile(
    rf"(?:called|named|name is|name's|(?:brother|sister|friend|wife|husband|son|daughter|boss|colleague|cousin|uncle|"
    rf"aunt|"
    rf"roommate|neighbou?r|teacher|girlfriend|boyfriend|partner|dog|cat)),?\s+([A-Z][a-z]+)|(?:叫做?|"
    rf"名字是)([\u4e00-\u9fff]{{2,4}})"
    rf"|(?:{KIN})([\u4e00-\u9fff]{{2,3}})(?=[是在有叫住喜对])"
)

_GREETING = (
    r"hi+|hello+|hey+|hiya|howdy|yo|greetings|good (?:morning|afternoon|evening|night|day)|morning|evening|night|gm|"
    r"gn|sup|"
    r"what'?s up|wassup|how (?:are|r) (?:you|u|things|ya)(?: doing)?(?: today)?|how(?:'s| is) it going|how do you do|"
    r"how have you been|nice to meet you|long time no see|are you there|you there|anyone there|i'?m back|"
    r"thanks?(?: you)?(?: (?:so|very|a) (?:much|lot|bunch|ton))?|thank you|thank u|thx|ty|tysm|cheers|"
    r"much appreciated|appreciate it|"
    r"(?:bye\W?)+|goodbye|see (?:you|ya)(?: (?:later|soon|tomorrow|around))?|later|cya|take care|have a (?:nice|good|"
    r"great) (?:day|one|"
    r"night|evening|weekend)|sleep well|sweet dreams|talk to you (?:later|soon)|ttyl|"
    r"ok(?:ay|ie)?|k|kk|alright|all right|sure(?: thing)?|yes|yeah|yep|yup|no|nope|nah|cool|nice|great|good|awesome|"
    r"perfect|wow|"
    r"fine|lol|lmao|haha(?:ha)*|hehe|hmm+|uh|um|oh+|ah+|i see|got it|gotcha|understood|right|exactly|of course|"
    r"you'?re welcome|no (?:problem|worries)|never ?mind|welcome|congrats|congratulations|happy (?:birthday|new year)|"
    r"merry christmas|"
    r"test(?:ing)?|ping|please|sorry|there|everyone|all|friend|friends|buddy|bro|dude|man|guys|folks|again|so|too|much|"
    r"ai|bot|assistant|chatbot|my friend|for (?:the|your) help|for everything|for that|today"
)
_WENHOU = (
    r"你们?好[呀啊哇吗]*|您好[呀啊]*|大家好|嗨+|嘿+|哈[喽啰罗]|喂|早[安呀啊]?|早上好[呀啊]*|上午好|中午好|下午好|"
    r"晚上好[呀啊]*|晚安[啦呀]*|午安|好久不见|"
    r"在[吗么不]|在不在|有人[吗在]+|吃了[吗没]+|你?最近(?:还)?(?:好吗|怎么样|如何)|你?(?:今天)?(?:过得)?怎么样|你是谁|"
    r"(?:非常|十分|太|真的)?(?:谢谢|感谢|多谢|谢啦|谢了|谢)(?:你|您|啦|了|的|帮助|哦|呀|大家|帮忙|一下)*|辛苦(?:你|"
    r"您)?了?|麻烦(?:你|您)?了|"
    r"再见|拜拜+|拜|回头见|明天见|下次见|改天聊|下次聊|回聊|先这样|走了|睡了|慢走|保重|"
    r"好[的吧啊呀哒嘞滴]*|行[吧啊]?|可以[的]?|嗯+[哼]?|哦+|噢+|啊+|呃+|额|是[的啊呀]*|对[的啊呀]*|不是|没有|没错|"
    r"不[用了]*|没事[的儿]?|没关系|不客气|不用谢|"
    r"收到|知道了|明白了?|了解了?|懂了|我?(?:知道|明白|了解|懂)了|哈+|呵+|嘻+|嘿嘿+|呜+|哇+|真棒|太好了|太棒了|厉害|"
    r"不错|真的吗?|"
    r"生日快乐|新年快乐|节日快乐|恭喜|加油|对不起|抱歉|不好意思|打扰了|朋友|亲|老师|小助手|助手|ai|机器人|伙伴|伴侣"
)
_SMALL_TALK = re.compile(rf"(?:(?:{_GREETING})(?![\w])|(?:{_WENHOU}))", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s\W_]*")
LONGEST_SMALL_TALK = 80
MOST_READ = 20_000


def clauses(text: str, *, names: frozenset[str] = frozenset()) -> Iterator[Clause]:
    """The clauses of a message in order, each with its weight; `names` are people known from before.

    Of a very long message the sentences that fit into `MOST_READ` characters are read, so that a pasted book cannot
    hold up everybody else; the message itself is kept and found whole. Sentences of more than 600 characters, code,
    quoted lines and what a message only brings along ("translate this:") are no statements. What follows
    "imagine ..." or "write a story" weighs 1 at most.
    """
    lines = tuple(_beginning(text))
    if not lines:
        return
    if any(_MATERIAL.search(line) and not line.startswith(("I ", "我")) for line in lines):
        yield from (Clause(line, 1, "material to work on", language(line)) for line in lines)
        return
    known = names | introduced(text)
    ceiling = 3
    for line in lines:
        if _ORDER_COLON.match(line):
            ceiling = 0
        elif _FICTION.match(line):
            ceiling = min(ceiling, 1)
        for clause in _of(line, known):
            yield clause if clause.weight <= ceiling else replace(clause, weight=ceiling, why="not meant")


def _beginning(text: str) -> Iterator[str]:
    read = 0
    for line in sentences(text):
        read += len(line)
        if read > MOST_READ:
            return
        yield line


def _of(line: str, names: frozenset[str]) -> Iterator[Clause]:
    if _is_quoted(line):
        yield Clause(line, 1, "quoted", language(line))
    elif is_small_talk(line):
        yield Clause(line, 0, "small talk", language(line))
    else:
        yield from _rules(language(line))(line, names)


def _rules(spoken: Language) -> Callable[[str, frozenset[str]], Iterator[Clause]]:
    """The rules of a language, compiled with the first text that needs them and not at the import."""
    if spoken == "zh":
        from . import chinese

        return chinese.clauses
    from . import english

    return english.clauses


def introduced(text: str) -> frozenset[str]:
    """The names by which a text introduces people and pets: "my brother Tom", "a cat called Momo", 我同事张敏."""
    return frozenset(name for match in _INTRODUCED.finditer(visible(text)[:20_000]) for name in match.groups() if name)


def _is_quoted(line: str) -> bool:
    body = line.rstrip("。.！!？?")
    return len(body) > 2 and (body[0], body[-1]) in {('"', '"'), ("“", "”"), ("「", "」"), ("『", "』"), ("‘", "’")}


def weigh(text: str) -> int:
    """How much a message is worth remembering, from 0 to 3: the weight of its weightiest clause."""
    best = 0
    for clause in clauses(text):
        best = max(best, clause.weight)
        if best == 3:
            break
    return best


def is_small_talk(text: str) -> bool:
    """Whether a text holds nothing but greetings, thanks, replies and marks; blank text and emoji count too."""
    shown = plain(visible(text[: 4 * LONGEST_SMALL_TALK + 1])).replace("’", "'")
    at = _BETWEEN.match(shown).end()  # type: ignore[union-attr]  # it matches nothing at the least
    if len(shown) - at > LONGEST_SMALL_TALK:
        return False
    while at < len(shown):
        match = _longest(shown, at)
        if match is None:
            return False
        at = _BETWEEN.match(shown, match).end()  # type: ignore[union-attr]
    return True


def _longest(text: str, at: int) -> int | None:
    match = _SMALL_TALK.match(text, at)
    return match.end() if match and match.end() > at else None
