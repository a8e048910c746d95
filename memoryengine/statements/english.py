"""English: cut a sentence into clauses that stand for themselves, and weigh each by its structure.

A clause counts when its subject is the speaker, one of the speaker's people or things, or a named person; questions,
commands, greetings and replies ("I see", "I'm glad you came") do not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from memoryengine.text import content_terms

from .clause import Clause
from .english_patterns import (
    ABOUT_YOU,
    ASK_AT_END,
    BARE_CONTRACTION,
    CALL_ME,
    CUT,
    FEELING,
    IMAGINED,
    IT_IS_MY,
    LASTING_MOOD,
    LEAD,
    LEFT_OUT,
    LEFT_OUT_PAST,
    ME,
    MOMENT,
    MOOD,
    NAMED,
    NO_STATEMENT_PAST,
    NOT_NAMES,
    OPENING,
    OWN,
    OWN_OBJECT,
    OWN_SUBJECT,
    POINTS_AWAY,
    PROMISE,
    PRONOUN,
    QUESTION,
    REMEMBER,
    REPLY,
    REQUEST,
    STATED_WH,
    SUBORDINATE,
    TAIL,
    THERE_IS,
    UNFINISHED,
    UNKNOWN_VERB,
    VERB_START,
)
from .english_words import BASES, THIRDS, is_finite, is_past


def clauses(sentence: str, names: frozenset[str]) -> Iterator[Clause]:
    """The clauses of an English sentence; `names` are people the speaker has introduced."""
    asks = sentence.rstrip("\"”’') ").endswith("?")
    text = _unquoted(sentence.rstrip("?!.;~… "))
    text = re.sub(r"\b([Ww]e) (?:all|both)\b", r"\1", text)
    text = BARE_CONTRACTION.sub(_with_apostrophe, TAIL.sub("", text.replace("’", "'").replace("‘", "'")))
    asked_to_remember = False
    if asks:
        text, asked = _without_question(text)
        asked_to_remember = bool(REMEMBER.match(asked))
        if not text and not asked_to_remember:
            yield Clause(sentence, 0, "question", "en")
            return
        text = text or asked
    imagined = bool(IMAGINED.search(text)) and not asked_to_remember
    for piece in _pieces(text):
        clause = _weigh(piece, names)
        yield Clause(clause.text, 1, "imagined", "en") if imagined else clause


def _unquoted(text: str) -> str:
    """Text without the marks of a quotation of which only one end is here."""
    if text.count('"') % 2 or text.count("“") != text.count("”") or text.count("(") != text.count(")"):
        return re.sub(r"[\"“”]", "", text).strip("() ?!.;~…")
    return text.strip(" ")


def _without_question(text: str) -> tuple[str, str]:
    """The statement before the question at the end, and the question; both empty-handed where there is none."""
    match = ASK_AT_END.search(text)
    if match is None or QUESTION.match(_stripped(text)[0]):
        return "", text
    return text[: match.start()].rstrip(" ,;:-–—"), text[match.start() :].strip(" ,;:-–—")


def _pieces(text: str) -> Iterator[str]:
    """Cut where a whole statement follows a whole one; a shared "I" is put back, what a request is for is left out."""
    start, subject = 0, ""
    for match in CUT.finditer(text):
        left, right = subject + text[start : match.start()], text[match.end() :]
        if _shares_subject(left) if match["share"] else _parts(left, right, match["join"]):
            yield left
            if match.group().strip(" ,;").lower() == "so" and _refusal(_stripped(left)[0]):
                return
            start, subject = match.end(), "I " if match["share"] else ""
    yield subject + text[start:]


def _parts(left: str, right: str, join: str) -> bool:
    """Whether to cut between two pieces; what stands before a colon ("mark your calendar:") need not be a clause."""
    return (":" in join or _is_whole(left)) and _is_whole(right) and not _names_others(left)


def _shares_subject(left: str) -> bool:
    """Whether the next verb belongs to the same "I": not after "I want to ..." or "I can ..."."""
    stripped = _stripped(left)[0]
    return bool(re.match(rf"{ME}\b|{VERB_START}\b", stripped, re.I)) and not UNFINISHED.search(stripped)


def _names_others(left: str) -> bool:
    """Whether the words before "and I" belong to the same subject: "..., Samantha and I have moved"."""
    last = left.rsplit(",", 1)[-1].split()
    return "," in left and 0 < len(last) <= 3 and not any(is_finite(word.lower()) for word in last)


def _is_whole(piece: str) -> bool:
    words = re.findall(r"[\w']+", _stripped(piece)[0].lower())
    if not words or SUBORDINATE.match(piece.strip()):
        return False
    if re.match(rf"{ME}\Z", words[0]):
        return len(words) > 1
    return any(is_finite(word) for word in words[1:]) or (len(words) > 2 and is_past(words[0]))


def _stripped(piece: str) -> tuple[str, bool]:
    """A piece without its opening words, and whether they asked to remember it."""
    text, remember = piece.strip(' ,;:-–—"“”'), False
    for _ in range(6):
        asked = REMEMBER.match(text)
        match = asked or LEAD.match(text)
        if match is None or not match.end():
            break
        remember = remember or bool(asked)
        text = text[match.end() :].lstrip(" ,:")
    return text, remember


def _weigh(piece: str, names: frozenset[str]) -> Clause:
    text, remember = _stripped(piece)
    if not remember and (why := _refusal(text)):
        return Clause(text, 0, why, "en")
    return _statement(text, names, remember)


def _refusal(text: str) -> str:
    """Why a clause holds nothing to remember; "" where nothing speaks against it."""
    body = _after_opening(text)
    if QUESTION.match(text) and not STATED_WH.match(text):
        return "question"
    if REQUEST.match(body):
        return "request"
    if REPLY.match(body) or PROMISE.match(body) or ABOUT_YOU.search(body):
        return "reply"
    mood = MOOD.match(body)
    if mood and not LASTING_MOOD.match(mood["rest"]):
        return "mood"
    if POINTS_AWAY.search(body) and len(content_terms(body)) <= 2:
        return "empty"
    if PRONOUN.match(text) and not content_terms(text):
        return "empty"
    if re.match(rf"{ME}\b", body, re.I) and not content_terms(re.sub(rf"^{ME}\b", "", body, flags=re.I)):
        return "empty"
    return ""


def _after_opening(text: str) -> str:
    """A clause from its subject on: "Last year I moved" gives "I moved"."""
    if re.match(rf"(?:{ME}|{OWN})\b", text, re.I):
        return text
    for _ in range(3):
        match = OPENING.match(text)
        if match is None:
            return text
        text = text[match.end() :]
        if re.match(rf"(?:{ME}|{OWN})\b", text, re.I):
            return text
    return text


def _statement(text: str, names: frozenset[str], remember: bool) -> Clause:
    body = _after_opening(text)
    called = CALL_ME.match(text)
    if called:
        return Clause(f"I want to be called {called['name']}", 3, "own", "en")
    if PRONOUN.match(text) and not IT_IS_MY.match(text):
        told = any(is_finite(word) for word in re.findall(r"[\w']+", text.lower()))
        return Clause(text, 2 if told else 0, "pronoun", "en")
    if _is_own(body) or _is_own(text):
        weight = 2 if FEELING.match(body) or MOMENT.search(text) else 3
        return Clause(text, 3 if remember else weight, "own", "en")
    for candidate in (text, body):
        left_out = _with_subject(candidate)
        if left_out and (candidate == text or text[: -len(body)].strip()):
            return Clause(text[: len(text) - len(candidate)] + left_out, 3, "own, subject left out", "en")
    if _is_named(text, names):
        return Clause(text, 3 if remember else 2, "named", "en")
    return Clause(text, 3, "asked to remember", "en") if remember else Clause(text, 0, "not about the speaker", "en")


def _is_own(text: str) -> bool:
    """Whether the subject is the speaker or the speaker's, or the predicate says what something is to the speaker."""
    words = re.findall(r"[\w']+", text.lower())
    if re.match(rf"{ME}\b", text, re.I):
        return len(words) > 1
    if words and words[0] in BASES and words[0] not in THIRDS and not OWN_OBJECT.match(text):
        return False
    if STATED_WH.match(text):
        return True
    if OWN_SUBJECT.match(text) or re.search(r"\band (?:i|me|my \w+)\b", text[:40], re.I):
        return any(is_finite(word) for word in words[1:]) or bool(UNKNOWN_VERB.match(text))
    return bool(OWN_OBJECT.match(text) or THERE_IS.match(text))


def _with_subject(text: str) -> str:
    """The clause with "I" or "I am" put back where the speaker left it out; "" where that is not so."""
    match = LEFT_OUT.match(text)
    if match:
        have = "have " if re.match(r"been\b", match.group(), re.I) else ""
        return f"I am {_lower(text)}" if match["be"] else f"I {have}{_lower(text)}"
    past = LEFT_OUT_PAST.match(text)
    if past and is_past(past["verb"].lower()) and past["verb"].lower() not in NO_STATEMENT_PAST:
        return f"I {_lower(text)}"
    return ""


def _with_apostrophe(match: re.Match[str]) -> str:
    return f"{match['head']}n't" if match["head"] else f"I'{match['rest'].lower()}"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _is_named(text: str, names: frozenset[str]) -> bool:
    match = NAMED.match(text)
    if match and match["name"].split()[0] not in NOT_NAMES:
        return True
    first = text.split(" ", 1)[0].removesuffix("'s")
    return first in names and any(is_finite(w) for w in re.findall(r"[\w']+", text.lower())[1:])
