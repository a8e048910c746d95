"""English: from the first person to the third."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from .english_words import (
    ADVERBS,
    AUXILIARIES,
    BASES,
    PARTICIPLES,
    SAME_FORMS,
    is_finite,
    is_past,
    third,
)

_TOKEN = re.compile(r"\"[^\"]*\"|“[^”]*”|[^\W\d_]+(?:['-][^\W\d_]+)*|\d[\w.,:/%-]*|\s+|.")
_ME = {"i": "", "im": "'m", "i'm": "'m", "ive": "'ve", "i've": "'ve", "i'll": "'ll", "i'd": "'d"}
_ME |= {"we": "", "we're": "'m", "we've": "'ve", "we'll": "'ll", "we'd": "'d"}
_OWN = {"my": "their", "our": "their", "mine": "theirs", "ours": "theirs"}
_OBJECT = {"me", "us"}
_SELF = {"myself": "themselves", "ourselves": "themselves"}
_MODALS_TEXT = """
    can could will would shall should may might must cannot can't couldn't won't wouldn't shouldn't
"""
_MODALS = frozenset(_MODALS_TEXT.split())
_JOINED = frozenset(("am", "have", "haven't", "don't", "do", "are"))
_PARENT = re.compile(r"(?:mom|mum|mommy|mummy|dad|daddy|grandma|grandpa|granny|mother|father)\s+\w", re.IGNORECASE)
_PAST_TIME = re.compile(
    r"\b(?:yesterday|last|ago|when i was|in (?:19|20)\d\d|previously|back then|earlier|just)\b",
    re.I,
)
_BASE_ONLY = re.compile(
    r"\A(?:to|can|could|will|would|should|may|might|must|'ll|'d|let|make|help|used|did|didn't|do|don't)\Z"
)


def third_person(text: str, human: str) -> str:
    """A clause about "I" as one about `human`: "I like my job" gives "Alice likes their job".

    Verbs agree in the present, the past stays; "we" is told of the one who speaks. A parent without an owner is the
    speaker's. What stands in quotes stays.
    """
    text = re.sub(r"\b(I|we) (?:myself|ourselves)\b", r"\1", text.replace("’", "'"), flags=re.IGNORECASE)
    if _PARENT.match(text):
        text = f"my {text[:1].lower()}{text[1:]}"
    return _Rewriting(_TOKEN.findall(text), human, bool(_PAST_TIME.search(text))).result()


def owner(human: str) -> str:
    """The possessive of a name: Alice's, James'."""
    return f"{human}'" if human.endswith("s") else f"{human}'s"


@dataclass
class _Rewriting:
    """One pass over the words of a clause; what was seen so far decides how the next word is told."""

    tokens: Sequence[str]
    human: str
    past: bool
    out: list[str] = field(default_factory=list)
    due: bool = False  # the next verb belongs to the human and must agree
    agreed: bool = False  # a verb was made to agree, so one after "and" must be too
    subject: bool = False  # the human is the subject, so "my" is "their"
    verb_seen: bool = False
    joined: bool = False

    def result(self) -> str:
        for at, token in enumerate(self.tokens):
            self.out.append(self._token(at, token, token.lower()))
        return "".join(self.out)

    def _token(self, at: int, token: str, word: str) -> str:
        if word in _ME and not self._is_no_pronoun(at, token):
            return self._me(at, _ME[word])
        if word in _OWN:
            return _OWN[word] if self.subject else owner(self._name())
        if word in _OBJECT and token != "US":
            return self._name()
        if word in _SELF:
            return _SELF[word] if self.subject else self._name()
        if not re.match(r"[^\W\d_]", token):
            self.joined = self.joined and token.isspace()
            return token
        return self._word(at, token, word)

    def _is_no_pronoun(self, at: int, token: str) -> bool:
        """Whether an "I" is a number or a letter: World War I, i.e."""
        before = next((t for t in reversed(self.tokens[:at]) if not t.isspace()), "")
        after = self.tokens[at + 1] if at + 1 < len(self.tokens) else ""
        return token.lower() == "i" and (before.lower() in {"war", "type", "part", "chapter"} or after == ".")

    def _name(self) -> str:
        return self.human[:1].upper() + self.human[1:] if not "".join(self.out).strip() else self.human

    def _me(self, at: int, rest: str) -> str:
        name = self._name()
        with_others = self.joined and not self.verb_seen
        self.subject, self.due, self.joined = True, not rest and not with_others, False
        if not rest:
            self.agreed = False
            return name
        self.verb_seen, self.agreed = True, rest in {"'m", "'ve"}
        return f"{name} {self._contracted(at, rest, with_others)}"

    def _contracted(self, at: int, rest: str, with_others: bool) -> str:
        if rest == "'ll":
            return "will"
        if rest == "'d":
            following = next((w for w in self._words_after(at) if w not in ADVERBS), "")
            return "had" if following in PARTICIPLES or is_past(following) or following == "better" else "would"
        if with_others:
            return "are" if rest == "'m" else "have"
        return "is" if rest == "'m" else "has"

    def _words_after(self, at: int) -> list[str]:
        return [t.lower() for t in self.tokens[at + 1 : at + 10] if re.match(r"[^\W\d_]", t)]

    def _word(self, at: int, token: str, word: str) -> str:
        if self.due:
            return self._due_verb(token, word)
        if word in {"and", "or", "but"}:
            self.joined = True
            return token
        joined, self.joined = self.joined, self.joined and word in ADVERBS
        if _BASE_ONLY.match(word):
            self.agreed = False
        if joined and self.agreed and (word in _JOINED or (word in BASES and self._words_after(at))):
            return third(word)
        self.verb_seen = self.verb_seen or is_finite(word)
        return token

    def _due_verb(self, token: str, word: str) -> str:
        if word in ADVERBS or (word.endswith("ly") and word not in BASES):
            return token
        self.due, self.verb_seen = False, True
        if word in _MODALS or word in {"was", "had", "did", "didn't", "hadn't", "wasn't"} or is_past(word):
            return token
        if word in SAME_FORMS and (self.past or word == "quit"):
            return token
        if word == "were":
            return "was"
        if word in {"weren't", "isn't", "is", "has", "does", "doesn't", "hasn't"}:
            return "wasn't" if word == "weren't" else token
        self.agreed = word in BASES or word not in AUXILIARIES
        return third(word)
