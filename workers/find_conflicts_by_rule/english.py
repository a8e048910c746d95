"""English: the claims of an observation in the third person."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from memoryengine.text import content_terms, terms

from .claims import HUMAN, Claim, terms_of
from .places import is_broad

_ADV = (
    r"(?:(?:now|currently|just|recently|finally|already|still|also|really|always|usually|actually|has|have|had|"
    r"officially|"
    r"happily|definitely|absolutely|truly|mostly|only|then|again|both|all)\s+)*"
)
_H = (
    r"(?P<h>(?:(?!\b(?:and then|because|when|who|that|not|no|never|is|are|was|has|have|does|doesn't|don't|isn't|moved|"
    r"lives?|"
    r"works?|used|left|quit|got|started)\b)[^,;]){1,60}?)\s+"
)
_TOGETHER = re.compile(
    rf"\A(?:[\w' ]*{HUMAN}'s [\w' ]+ and {HUMAN}|\w+ and {HUMAN}|{HUMAN} and (?:their|{HUMAN}'s|the) .+)\Z"
)
_CUT = re.compile(
    r"\s*(?:\(|,|;|\bwith\b|\bfor\b|\bsince\b|\bbecause\b|\band\b|\bbut\b|\bnext\b|\blast\b|\bthis\b|\bwhere\b|"
    r"\bwhich\b|\bwhen\b|\bnow\b|"
    r"\bas\b|\bafter\b|\bto be\b|\bto\b|\bnear\b|\bagain\b|\bright now\b|\bthese days\b|\binstead\b|\btoday\b|"
    r"\byesterday\b|\bin (?:19|20)\d\d|"
    r"\b(?:a|an|one|two|three|four|five|six|several|some|\d+|a few|a couple of) (?:days?|weeks?|months?|years?) ago\b|"
    r"\band\b|\buntil\b|\bfrom\b|\bpermanently\b|\blol\b).*"
)
_ARTICLE = re.compile(r"(?:a|an|the|their|his|her|its|my|your|our|own|this|that|some|downtown|abroad)\b")
_OPENING = re.compile(
    rf"(?:(?:last|next|this|in|on|at|two|three|four|five|six|a few|a couple|several|\d+|yesterday|today|recently|now|"
    rf"currently|since|"
    rf"after|about|finally|actually|as of|because of)\b[^,@]{{0,50}}?,?\s+)(?={HUMAN})"
)

_LIVES = re.compile(
    rf"{_H}{_ADV}(?:lives?|(?:is|has been|have been|been) (?:now |currently )?living|resides?|is based|is settled|"
    rf"moved|relocated|settled|shifted|rents? (?:an?|the|their) [\w ]{{1,30}}?|emigrated|"
    rf"immigrated)(?: down| back| house| home| away)?"
    rf"\s+(?:(?:from [\w ]+? )?(?:to|into)|in|at|over to|back to)\s+(?P<v>.+)"
)
_IS_IN = re.compile(rf"{_H}is (?:now in (?P<v>.+)|in (?P<w>[^,]+?) now\Z)")
_LEFT_HOME = re.compile(
    rf"{_H}{_ADV}(?:(?:no longer|does not|doesn't|don't) lives?(?: anymore)? in|moved (?:away from|out of)|"
    rf"left)\s+(?P<v>[a-z].+)"
)
_EMPLOYED = re.compile(
    rf"{_H}{_ADV}(?:works? (?:now )?(?:at|for)|(?:is|been) (?:now )?(?:working|employed) (?:at|for|by|with)|"
    rf"started (?:working|work|a new job|their new job|a job)"
    rf" (?:at|for|with)|got (?:a |an |their )?(?:new |great )?(?:job|position|offer) (?:at|with)|joined|"
    rf"switched (?:jobs )?to|was hired by|"
    rf"accepted (?:a|an) (?:job|offer|position) (?:at|from|with))\s+(?P<v>.+)"
)
_OCCUPIED = re.compile(
    rf"{_H}{_ADV}(?P<how>works? as|is (?:now )?working as|became|is|got a (?:new )?job as|started (?:working |"
    rf"work )?as|was promoted to|"
    rf"retrained as|switched to being)\s+(?P<v>.+)"
)
_UNEMPLOYED = re.compile(
    rf"{_H}{_ADV}(?:retired|is retired|quit (?:their |his |her )?job|lost (?:their|his|her) job|was (?:laid off|"
    rf"fired)|is (?:unemployed|between jobs|"
    rf"out of work|jobless)|resigned|left (?:their|his|her) job)\b"
)
_LEFT_JOB = re.compile(
    rf"{_H}{_ADV}(?:(?:no longer|does not|doesn't) works? (?:at|for)|left|quit|resigned from|quit (?:their|his|"
    rf"her) job at|left (?:their|his|her) job at)\s+"
    rf"(?P<v>(?!\w+ing\b)[a-z].+)"
)
_AGED = re.compile(
    rf"{_H}{_ADV}(?:is|turned|turns)\s+(?P<v>\d{{1,3}}|[a-z]+(?:-[a-z]+)?)(?:[- ]years?[- ]old|\Z|\s+(?:yesterday|"
    rf"today|last|this|on|in|now)\b)"
)
_NUMBER = re.compile(
    r"\d{1,3}|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:-\w+)?|\w+teen|ten|eleven|twelve|two|three|"
    r"four|five|six|seven|eight|nine|one"
)
_BORN = re.compile(rf"{_H}was born (?:on|in)\s+(?P<v>.*\d.*)")
_MARRIED = re.compile(
    rf"{_H}{_ADV}(?:is |got |has been )?(?:now |recently |newly |happily |still )?(?P<v>married|single|divorced|"
    rf"engaged|widowed|separated)\b(?! out)"
)
_NAMED = re.compile(
    rf"{_H}(?:is (?:called|named)|goes by|wants to be called|changed (?:their|his|her|its) name to)\s+(?P<v>.+)"
)
_STUDIES = re.compile(
    rf"{_H}{_ADV}(?:studies|is studying|goes to school|is enrolled|got into|transferred|"
    rf"is a student)(?: [\w ]+)? (?:at|to) (?P<v>.+)"
)
_COUNTED = re.compile(
    rf"{_H}{_ADV}(?:has|have|has got|got|owns?)\s+(?:got\s+)?(?P<v>one|two|three|four|five|six|seven|eight|nine|ten|"
    rf"\d+)\s+"
    r"(?P<thing>(?:[\w-]+\s+){0,2}?[\w-]+)(?=,|:|\Z| and\b| who\b| that\b| called\b| named\b| with\b| now\b)"
)
_SINGLE = (
    r"(?:(?:work|personal|home|private|new|current|main|first|last|full|middle|legal|wifi|wi-fi|"
    r"office)\s+)*(?:e-?mail(?: address)?|address|"
    r"(?:phone|mobile|cell|telephone)(?: number)?|number|password|passcode|pin|birthday|birth date|date of birth|age|"
    r"name|nickname|job|job title|"
    r"occupation|profession|hometown|home town|city|nationality|major|degree|height|weight|blood type|shoe size|size|"
    r"salary|rent|budget|title|"
    r"position|zodiac sign|star sign|religion|native language|mother tongue|marital status|employer|company|workplace|"
    r"gender|anniversary|"
    r"license plate|plate|username|handle|passport number|locker|home|dream job|time zone|timezone|commute|diet)"
)
_FAVOURITE = r"(?:(?:all-time|all time)\s+)?favou?rite\s+(?:\w+\s+){0,3}?\w+"
_HAS_VALUE = re.compile(
    rf"(?P<h>.+?)(?:'s?)\s+(?:(?:new|current)\s+)?(?P<a>{_FAVOURITE}|{_SINGLE})\s+{_ADV}"
    rf"(?:is now|is currently|is|are|was changed to|has changed to|changed to|became|has become)\s+(?:now\s+|on\s+|"
    rf"at\s+|called\s+)*(?P<v>.+)"
)
_IS_OWN = re.compile(
    rf"(?P<v>.+?)\s+(?:is|are)\s+(?P<h>{HUMAN})'s\s+(?:(?:new|current)\s+)?(?P<a>{_FAVOURITE}|hometown|home town)"
)
_SAME_WORDS = {
    "occupation": "job|job title|profession|title|position",
    "employer": "company|workplace",
    "residence": "city|home",
    "hometown": "home town",
    "phone": "phone number|mobile|mobile number|cell|cell number|number|telephone|telephone number|cell phone|"
    "cell phone number",
    "email": "email address|e-mail|e-mail address",
    "birthday": "date of birth|birth date",
}
_SAME = {word: name for name, words in _SAME_WORDS.items() for word in words.split("|")}
_OCCUPATION = re.compile(
    r"(?:(?:\w+[ -]){0,3})(?:\w*(?:engineer|teacher|driver|designer|developer|programmer|lawyer|banker|baker|butcher|"
    r"carpenter|plumber|painter|"
    r"writer|farmer|firefighter|officer|manager|consultant|accountant|analyst|scientist|therapist|psychologist|"
    r"dentist|pharmacist|journalist|"
    r"artist|pianist|economist|librarian|electrician|technician|physician|musician|doctor|surgeon|nurse|vet|"
    r"veterinarian|chef|cook|waiter|"
    r"waitress|barista|bartender|photographer|architect|pilot|professor|lecturer|researcher|secretary|receptionist|"
    r"cashier|translator|"
    r"interpreter|editor|director|producer|actor|actress|singer|dancer|model|soldier|policeman|detective|judge|"
    r"paramedic|mechanic|tailor|"
    r"hairdresser|barber|gardener|cleaner|courier|salesman|salesperson|realtor|broker|trader|investor|entrepreneur|"
    r"freelancer|student|intern|"
    r"assistant|coach|trainer|instructor|tutor|administrator|marketer|recruiter|attendant|welder|fisherman|postman|"
    r"biologist|chemist|physicist|"
    r"geologist|historian|mathematician|optician|midwife|nanny|caretaker|clerk|copywriter|security guard|guide|"
    r"animator|supervisor))"
)
_ASIDE = re.compile(r"\b(?:also|part[- ]time|side|volunteer\w*|weekends?|hobby|second|freelanc\w+)\b")

_LIKING = (
    r"(?:likes?|loves?|enjoys?|adores?|prefers?|is (?:very |really |so )?(?:fond of|into|a (?:big |huge )?fan of|"
    r"crazy about|keen on|obsessed with))"
)
_DISLIKING = (
    r"(?:hates?|dislikes?|detests?|loathes?|can't stand|cannot stand|despises?|is (?:tired|sick) of|isn't into|"
    r"is not into)"
)
_QUITTING = (
    r"(?:quit|quits|stopped|gave up|has given up|has quit|has stopped|is done with|kicked|swore off|cut out|"
    r"fell out of love with|lost interest in|sold (?:their|the)|got rid of (?:their|the))\b"
)
_NOT = (
    r"(?:does not|doesn't|don't|is not|isn't|has not|hasn't|can't|cannot|can not|never|did not|didn't|aren't|are not|"
    r"won't)"
)
_PREDICATE = re.compile(
    rf"{_H}{_ADV}(?:(?P<quit>{_QUITTING}|no longer (?:{_LIKING}\s)?)|(?P<nolonger>is no longer)|(?P<dis>{_DISLIKING})|"
    rf"(?P<not>{_NOT})\s+(?:really |even )?(?P<notlike>like |love |enjoy |"
    rf"prefer )?|(?P<like>{_LIKING})|(?P<verb>[a-z]+s\b|is\b|has\b|are\b|have\b|can\b))\s*(?P<o>.*)"
)
_ANYMORE = re.compile(r"\s*\b(?:any ?more|any longer)\b")
# The verb that belongs to the object, not to the liking: "likes drinking tea" and "likes tea" are one liking.
_LIGHT_TEXT = """
    drink eat smoke play use take do go watch read have has drinking eating playing going having to a the of
    drive drives own owns now today lately currently their
"""
_LIGHT = frozenset(term for word in _LIGHT_TEXT.split() for term in terms(word))


def claims(text: str) -> Iterator[Claim]:
    """The claims of a bare content in which the person is called "@"."""
    text = re.sub(rf"\A[^,{HUMAN}]{{1,60}},\s*(?={HUMAN})", "", text.lower().replace("’", "'"))
    text = _OPENING.sub("", text, count=1)
    found = False
    for rule in _RULES:
        claim = rule(text)
        if claim is not None:
            found = True
            yield claim
    if not found and (predicate := _predicate(text)) is not None:
        yield predicate


def _holder(text: str) -> str:
    """Whose claim it is; what somebody does with the person, the person does too."""
    return _TOGETHER.sub(HUMAN, text.strip()).removesuffix("'s")


def _value(text: str) -> str:
    return _CUT.sub("", text.strip()).strip(" .")


def _place(text: str) -> str:
    """The name of a place: "haidian, beijing" of "haidian, beijing with two cats"."""
    parts = [_value(part) for part in text.split(",")[:2]]
    whole = parts[0] == text.split(",")[0].strip() and len(parts) == 2 and 0 < len(parts[1].split()) <= 2
    return ", ".join(parts) if whole else parts[0]


def _residence(text: str) -> Claim | None:
    match = _LIVES.match(text)
    if match and not _ARTICLE.match(match["v"]) and (place := _place(match["v"])):
        return Claim(_holder(match["h"]), "attribute", "residence", terms_of(place), broad=is_broad(place))
    match = _IS_IN.match(text)
    if match and (place := _place(match["v"] or match["w"])) and not _ARTICLE.match(place):
        return Claim(_holder(match["h"]), "attribute", "residence", terms_of(place), broad=is_broad(place))
    match = _LEFT_HOME.match(text)
    if match and not _ARTICLE.match(match["v"]) and (place := _place(match["v"])):
        return Claim(_holder(match["h"]), "attribute", "residence", terms_of(place), ends=True)
    return None


def _employer(text: str) -> Claim | None:
    for pattern, ends in ((_EMPLOYED, False), (_LEFT_JOB, True)):
        match = pattern.match(text)
        if match and not _ASIDE.search(text) and not _ARTICLE.match(match["v"]) and (value := _value(match["v"])):
            return Claim(_holder(match["h"]), "attribute", "employer", terms_of(value), ends=ends)
    match = _UNEMPLOYED.match(text)
    return Claim(_holder(match["h"]), "attribute", "employer", frozenset(), ends=True) if match else None


def _occupation(text: str) -> Claim | None:
    match = _UNEMPLOYED.match(text)
    if match:
        return Claim(_holder(match["h"]), "attribute", "occupation", frozenset(), ends=True)
    match = _OCCUPIED.match(text)
    if match is None or _ASIDE.search(text):
        return None
    value = re.sub(r"\b(?:in|at|from|of)\b.*", "", _value(re.sub(r"^(?:a|an|the)\s+", "", match["v"]))).strip()
    if not re.match(r"(?:a|an)\s", match["v"]) or not value or not _OCCUPATION.fullmatch(value):
        return None
    return Claim(_holder(match["h"]), "attribute", "occupation", frozenset(terms(value.split()[-1])))


def _age(text: str) -> Claim | None:
    match = _AGED.match(text)
    if match is None or not _NUMBER.fullmatch(match["v"]):
        return None
    return Claim(_holder(match["h"]), "attribute", "age", frozenset({match["v"]}))


def _simple(pattern: re.Pattern[str], name: str) -> Callable[[str], Claim | None]:
    def rule(text: str) -> Claim | None:
        match = pattern.match(text)
        return Claim(_holder(match["h"]), "attribute", name, terms_of(_value(match["v"]))) if match else None

    return rule


def _valued(text: str) -> Claim | None:
    match = _HAS_VALUE.match(text) or _IS_OWN.match(text)
    if match is None or re.match(r"(?:very|so|really|quite|nice|not|important|always|still)\b", match["v"]):
        return None
    name = re.sub(r"\s+", " ", match["a"].replace("favourite", "favorite"))
    name = _SAME.get(name, name)
    value = match["v"] if name.startswith("favorite") else _value(match["v"])
    value = re.sub(r"^(?:to be |a |an |the )+", "", match["v"]) if name == "occupation" else value
    key = " ".join(content_terms(name)) if name.startswith("favorite") else name
    return Claim(_holder(match["h"]), "attribute", key, terms_of(value), broad=name == "residence" and is_broad(value))


def _school(text: str) -> Claim | None:
    match = _STUDIES.match(text)
    if match is None or _ARTICLE.match(match["v"]):
        return None
    return Claim(_holder(match["h"]), "attribute", "school", terms_of(_value(match["v"])))


def _count(text: str) -> Claim | None:
    match = _COUNTED.match(text)
    if match is None:
        return None
    thing = " ".join(sorted(terms_of(match["thing"])))
    return Claim(_holder(match["h"]), "attribute", f"count {thing}", frozenset({match["v"]}))


_RULES: tuple[Callable[[str], Claim | None], ...] = (
    _residence, _employer, _occupation, _age, _school, _count, _valued,
    _simple(_BORN, "birthday"), _simple(_MARRIED, "marital"), _simple(_NAMED, "name"),
)  # fmt: skip


def _predicate(text: str) -> Claim | None:
    """A liking, a habit or any other predicate, with its polarity."""
    anymore = bool(_ANYMORE.search(text))
    match = _PREDICATE.match(_ANYMORE.sub("", text))
    if match is None:
        return None
    holder, rest = _holder(match["h"]), match["o"]
    if match["quit"] or match["nolonger"] or (anymore and match["not"]):
        return Claim(holder, "quit", _verb(rest), _object(rest), negated=True)
    if match["dis"] or match["notlike"]:
        return Claim(holder, "liking", "", _object(rest), negated=True)
    if match["like"]:
        return Claim(holder, "liking", "", _object(rest))
    whole = f"{match['verb'] or ''} {rest}"
    return Claim(holder, "habit", _verb(whole), _object(whole), negated=bool(match["not"]))


def _verb(text: str) -> str:
    """The stem of the verb a predicate opens with."""
    words = [word for word in re.findall(r"[a-z']+", text) if word not in {"is", "are", "to", "be", "been", "it"}]
    return terms({"has": "have", "does": "do", "goes": "go"}.get(words[0], words[0]))[0] if words else ""


@lru_cache(maxsize=4_096)
def _object(text: str) -> frozenset[str]:
    """The content of a predicate without light verbs, or the verb itself where nothing else is there."""
    found = [term for term in content_terms(text) if not term.isspace()]
    return frozenset(term for term in found if term not in _LIGHT) or frozenset(found)
