"""English: cut a sentence into clauses that stand for themselves, and weigh each by its structure.

A clause counts when its subject is the speaker, one of the speaker's people or things, or a named person; questions,
commands, greetings and replies ("I see", "I'm glad you came") do not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from memoryengine.text import content_terms

from .clause import Clause
from .english_words import ADVERBS, BASES, THIRDS, is_finite, is_past

_BARE_CONTRACTION = re.compile(
    r"\b(?P<head>ca|do|wo|did|does|is|are|was|were|have|has|had|could|would|should)nt\b|(?<!\S)(?P<me>[iI])(?P<rest>m|ve)\b(?! I\b)",
    re.IGNORECASE,
)
_TAIL = re.compile(r"[,\s]+(?:btw|by the way|lol|lmao|haha+|tbh|you know|though|fyi|thanks?|thank you)\Z", re.IGNORECASE)
_I = r"(?:i|i'm|im|i've|ive|i'd|i'll|we|we're|we've|we'll|we'd)"
_OWN = r"(?:my|our)"
_PARENT = r"(?:mom|mum|mommy|mummy|dad|daddy|grandma|grandpa|granny|grandmother|grandfather|mother|father)"
_VERB_START = (
    r"(?:live|work|love|like|hate|have|prefer|enjoy|study|own|speak|teach|don't|can't|am|never|moved|got|started|bought|"
    r"adopted|graduated|usually|always|also|want|plan|hope|lived|worked|went|play|need|drive|drink|eat)"
)
_AUX = r"(?:can|could|would|will|do|does|did|are|is|was|were|have|has|should|shall|may|am|don't|isn't|aren't|won't)"
_WH = r"(?:what|what's|which|who|who's|whose|where|where's|when|when's|why|how|how's)"

_CUT = re.compile(
    rf"(?P<join>\s*[,;]?\s+(?:and|but|so|also|plus|yet|although|though)\s+|\s*[,;:]\s+|\s+[-–—]+\s+)"
    rf"(?=(?:then |also |now |actually |yes |personally )?(?:{_I}|{_OWN}|there (?:is|are))\b)"
    rf"|(?P<share>\s*,?\s+(?:and|but)\s+(?:then |also )?)(?={_VERB_START}\b)",
    re.IGNORECASE,
)
_ASK_AT_END = re.compile(
    rf"(?:[,;:–—-]+\s*|\s+)(?:(?:and|so|but|then)\s+)?(?:please\s+|also\s+)?"
    rf"(?:(?<=[,;:–—-] )|(?<=and )|(?<=so )|(?<=but )|(?<=please )|(?<=then ))"
    rf"(?:{_AUX}\s+(?:you|i|we|there|it|that|this|my|the|anyone|someone)|{_WH}|any|remember|right|ok)\b[^?]*\?*\Z",
    re.IGNORECASE,
)
_SUBORDINATE = re.compile(
    r"(?:when|while|if|since|because|although|though|after|before|as|once|until|whenever|unless|given)\b", re.IGNORECASE
)
_UNFINISHED = re.compile(r"\b(?:to|can|could|will|would|might|must|should|let|make|makes|help|i'll|i'd)\b", re.IGNORECASE)
_LEAD = re.compile(
    r"(?:and|but|so|well|oh|ah|um|uh|hmm|yeah|yes|yep|yup|no|nope|nah|ok|okay|haha|lol|wow|btw|by the way|fyi|actually|"
    r"honestly|to be honest|tbh|also|plus|anyways?|then|besides|personally|in fact|of course|sure|unfortunately|sadly|"
    r"luckily|fortunately|just (?:so you know|fyi)|so you know|(?:you (?:should|must|might) )?know that|as you know|"
    r"as i (?:said|mentioned)|for your information|guess what|you know(?: what)?|"
    r"i (?:just )?(?:wanted|want|need|have|should|must|would like|'d like) (?:to )?(?:say|tell you|mention|share|let you know|"
    r"add|admit)|let me tell you|i(?: have|'ve)? (?:told you|mentioned|said)(?: before| already)?|i must say|"
    r"(?:given|seeing|considering) that|(?:hi|hello|hey)(?: there)?(?: [A-Z]\w+)?(?=,)|thanks(?: \w+){0,3}(?=,)|"
    r"(?:since|because|as)(?= (?:i|i'm|i've|my|we|our)\b)|i(?: would|'d) say(?= (?:i|i'm|my|we)\b)|"
    r"i (?:think|guess|believe|suppose|feel like|mean)(?=,? (?:that )?(?:i|i'm|i've|my|we)\b))"
    r"(?: that)?(?:[,:]+\s*|\s+|\s*[-–—.]+\s+|\Z)",
    re.IGNORECASE,
)
_REMEMBER = re.compile(
    r"(?:can you |could you |would you )?(?:please |pls |kindly )?(?:also )?"
    r"(?:i (?:want|need|would like|'d like) you to )?"
    r"(?:remember|note|keep in mind|(?:do not|don't|dont|never) forget|make a note|take note|bear in mind|memorize)"
    r"(?: down| this| for me)?(?: that|:|,)?\s+(?=\w)",
    re.IGNORECASE,
)
_OPENING = re.compile(
    rf"(?:yesterday|today|tomorrow|tonight|now|currently|nowadays|recently|lately|usually|sometimes|often|always|finally|"
    rf"just|soon|eventually|originally|still|once|"
    rf"(?:(?:every|each|last|next|this|these|those|one|some|most)(?: \w+){{1,3}}?|"
    rf"(?:in|on|at|since|for|during|from|by|until|after|before|around|about|with|as)(?: [\w'-]+){{1,6}}?|"
    rf"(?:ever since|due to|because of|thanks to|despite|whenever|while|although|though|once)(?: [\w'-]+){{1,8}}?|"
    rf"(?:\w+ ){{1,2}}(?:days?|weeks?|months?|years?) (?:ago|from now)|when (?:i was|we were)(?: [\w'-]+){{1,6}}?)"
    rf"(?=,|\s+(?:{_I}|{_OWN})\b)),?\s+|[^,.?!]{{2,60}},\s+(?=(?:{_I}|{_OWN})\b)",
    re.IGNORECASE,
)

_QUESTION = re.compile(
    rf"(?:{_WH}\s+(?:(?:\w+\s+){{0,4}}?(?:{_AUX}|'s)\b|to\b|about\b)|(?:what|how|who|where|why)'s\b|"
    rf"{_AUX}\s+(?:you|i|we|he|she|it|they|there|this|that|my|your|the|any|anyone)\b|(?:what|how) about\b|any\s+\w+)",
    re.IGNORECASE,
)
_STATED_WH = re.compile(r"(?:what|where|when|who|how)\s+(?:i|we|my|our)\b.+\b(?:is|are|was|were)\b", re.IGNORECASE)
_IMAGINED = re.compile(
    r"\b(?:if (?:i|we|my|only|you|there|it|he|she|they|someone)\b|what if|suppose|supposing|imagine|pretend|hypothetically|"
    r"let's say|say i (?:were|was|had|am)|i wish (?:i|we|my)|would have|could have|had i|were i|in (?:my|a|the|this|our) "
    r"(?:dream|story|novel|game|movie|film|book)s?\b|role-?play|as if|in theory|for example|for instance|dreamed|dreamt)",
    re.IGNORECASE,
)
_REPLY = re.compile(
    rf"(?:i|we)(?:'ll|'d|'m|'ve|'re)?\s+(?:(?:{'|'.join(sorted(ADVERBS - {'not', 'no', 'either'}))}|will|would|can|could|"
    r"am|are|have|had|do|must|have to|might|may|should)\s+)*(?:"
    r"(?:agree|see|get it|got it|hear you|mean|guess|wonder|bet|doubt|promise|swear|appreciate|thank|apologi[sz]e|"
    r"understand|imagine|relate|assume|told|asked|said|say|tell|forgot to (?:ask|tell|mention))\b(?!.*\b(?:my|mine)\b)|"
    r"(?:know|hope|wish|think|thought|believe|feel|love|like|enjoyed|loved|liked)\s*(?:\Z|what you|how you|you\b|your\b|it\b|"
    r"that\b|this\b|so\b|the (?:way|idea|sound)|everything|not\b|(?:it|that|this)'s|right\b|to (?:hear|see|get|talk|chat)\b)|"
    r"remember (?:you|when you|that you)\b|(?:don't|do not|didn't|can't|couldn't|won't) (?:know|think so|understand|get it|believe (?:it|that)|remember|see|mind|"
    r"tell|agree|wait(?: (?:to (?:hear|see|try|know|read|check|meet)|for (?:you|that|it))|\Z)|say|want (?:you|that|it|this)\b|"
    r"help)\b)",
    re.IGNORECASE,
)
_ABOUT_YOU = re.compile(
    r"\b(?:that|what|how|when|where|if|because|since) you\b|\byou(?:'re|'ve|'d| are| were| had| have| did| said| mentioned| told| gave)\b",
    re.IGNORECASE,
)
_PROMISE = re.compile(
    rf"(?:i|we)(?:'ll|'d| will| would| can| could| might| may| should| must| have to| can't| cannot)\s+"
    rf"(?:(?:{'|'.join(sorted(ADVERBS - {'not', 'no', 'either'}))}|surely|certainly)\s+)*(?:"
    r"wait(?: (?:to (?:hear|see|try|know|read|check|meet)|for (?:you|that|it))|\Z)|"
    r"(?:try|check|let you|keep (?:you|that|it|trying|going|at)|look into|look forward|look at|see|give (?:it|that|you)|"
    r"remember|be (?:here|there|sure|back|right|happy to|glad to)|take (?:it|that|your|a look|note)|make sure|get back|talk|ask|"
    r"send you|show you|follow|stop here|say|leave you|go now|continue|wrap|pass|post|do (?:it|that|so|my best)|consider|imagine|"
    r"tell|relate|love to (?:hear|see|know|try (?:it|that|them)|help|chat|join|come|check)|like to (?:know|ask|hear|see|discuss|"
    r"talk|learn more|chat|check|order|get|have you|find out|understand))\b)",
    re.IGNORECASE,
)
_REQUEST = re.compile(
    r"(?:i|we)(?:'d|'m|'ve|'re)?\s+(?:(?:just|really|only|also|still|am|are|have|would|do|was)\s+)*(?:"
    r"(?:want|need|like|love|wish|expect|wanted|prefer)\s+(?:you\b|your\b|to (?:know|ask|hear|understand|find out|see (?:if|how|what|"
    r"the)|discuss|talk to you|chat|inquire|say|request|get (?:a|some|your|more) (?:advice|help|info\w*|suggestion\w*|idea\w*))|"
    r"(?:(?:some|a|any|more|a bit of|a little|your) )*(?:help|advice|ideas?|suggestions?|recommendations?|tips?|info\w*|"
    r"answers?|explanation|list|summary|translation|poem|story|joke|example)\b)|"
    r"(?:have|had|got|have got)?\s*(?:(?:a|an|one|another|some|few|two|no|quick|question|small|any|more)\s+)*(?:questions?|doubts?|"
    r"requests?|clue|idea)\b|"
    r"(?:looking|searching|asking|hoping) (?:for|to) (?:(?:some|any|a|your|get|more|an?)\s+)*(?:advice|help|tips?|suggestions?|"
    r"recommendations?|ideas?|info\w*|answers?)|(?:wondering|curious|asking|not sure (?:if|how|what|whether|which|about)|"
    r"confused|talking about|referring)\b)",
    re.IGNORECASE,
)
_MOOD = re.compile(
    r"(?:i|we)(?:'m| am|'re| are| was|'ve been| have been| feel| felt)\s+(?:(?:so|really|very|just|pretty|doing|quite|feeling|too|"
    r"also|a bit|all|glad|not|super|more|always|only|definitely|that|be|totally)\s+)*"
    r"(?:glad|happy|sorry|sure|fine|good|great|ok|okay|well|excited|here|back|afraid|done|ready|curious|honou?red|grateful|"
    r"thankful|impressed|amazed|jealous|tired|bored|hungry|sleepy|thirsty|busy|listening|kidding|joking|serious|right|wrong|"
    r"stoked|thrilled|pleased|delighted|in|alright|better|sad|touched|inspired|flattered|there|with you|proud)\b(?P<rest>.*)",
    re.IGNORECASE,
)
_LASTING_MOOD = re.compile(r"\s*(?:(?:at|in|about|of|with|for|to|as)\s+.*\b(?:my|our)\b|(?:at|of)\s+(?!you|that\b|it\b|this\b|course)\w|to\s+\w+\s+\w+.*\bmy\b)", re.I)
_MOMENT = re.compile(r"\b(?:today|tonight|right now|at the moment|this (?:morning|afternoon|evening))\b", re.IGNORECASE)
_FEELING = re.compile(r"(?:i|we)(?:'m| am)? (?:feel|feeling|think|believe|guess)\b|maybe|perhaps|probably", re.IGNORECASE)

_BE = r"(?:is|are|was|were|has been|have been|will be|became|isn't|aren't|means|=)"
_OWN_SUBJECT = re.compile(
    rf"(?:(?:both|all|some|each|many|most|half)\s+(?:of\s+)?)?{_OWN}\s+\S|(?:one|some|both|all|most|half|many|two|three|four|none|neither|each|several|a (?:few|friend|couple)|the \w+)"
    rf"(?: \w+)? of (?:my|our|us|mine|ours)\b|(?:a|an|this|that|the) \w+ of mine\b|me and my\b|both of us\b|"
    rf"the [^,.]{{2,60}}?\s(?:i|we|my|our)\s+[^,.]{{2,80}}?\s{_BE}\s|{_PARENT}\s+\w+",
    re.IGNORECASE,
)
# A verb that no list holds ("my licence expires in May"), or a colon in its place ("my size: 42").
_UNKNOWN_VERB = re.compile(rf"{_OWN}\s+(?:\S+\s+){{1,3}}?\w+(?<!s)s\s+(?!and\b|or\b|of\b)\S|{_OWN}\s[^:]{{2,40}}:\s*\S", re.IGNORECASE)
_OWN_OBJECT = re.compile(
    rf"(?!{_WH}\b|{_AUX}\b|it'?s\b|this\b|that'?s?\b|you\b)(?:\S+\s+){{1,6}}?{_BE}\s+(?:(?:also|still|really|definitely|always|now|"
    rf"currently|one|all|both|part|half|some|by far|not)\s+)*(?:of\s+)?(?:my|our|mine|ours)\b|"
    rf"(?:it'?s|it is|this is|that'?s|that is)\s+(?:my|our)\s+\w+\s+\w|"
    rf"(?!{_WH}\b|{_AUX}\b|you\b|that'?s?\b|this\b|it\b)(?:\S+\s+){{1,4}}?"
    r"(?:makes?|made|gives?|gave|helps?|keeps?|drives?|bores?|relaxes|calms?|annoys?|scares?|bothers?|terrif\w+|disgusts?|"
    r"fascinates?|interests?|inspires?|upsets?|reminds?|taught|teaches|bought|sent|told|calls?|visits?|loves?|likes?|knows?|"
    r"lives? (?:with|near)|works? with|married|left|asked|promoted|hired)\s+(?:me|us|my|our)\b|"
    rf"(?!{_WH}\b|{_AUX}\b|you\b|that'?s?\b|this\b|it\b|thanks?\b|sounds?\b|looks?\b|seems?\b)(?:\S+\s+){{1,4}}?\w+(?:s|ed)\s+"
    r"(?:\S+\s+){0,6}?(?:to|for|with|on|of|about|from|near|behind|beside) (?:me|us|my|our)\b",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"(?P<name>[A-Z][a-z]+(?: [A-Z][a-z]+){0,2})(?:'s\s+\w+(?: \w+)?\s+(?:is|are|was|has|takes|starts|will)\b|"
    r"\s+(?:(?:also|now|currently|still|really|always|usually)\s+)?(?:works|lives|likes|loves|hates|prefers|studies|plays|moved|"
    r"speaks|teaches|enjoys|graduated|got married|(?:is|was) (?:born|allergic|married|single|divorced|from|my|\d+|"
    r"called|named|held|located|on\b|an? (?:\w+ ){0,3}?(?:\w{3,}(?:er|or|ist|ian|ant|man|woman)|nurse|chef|cook|vegan|student|friend|"
    r"judge|pilot|girl|boy|dog|cat)\b)|has (?:a|an|two|three|one|no)|can't eat|doesn't (?:like|eat|drink))\b)"
)
_NOT_NAMES = frozenset(
    "It This That There Here He She They You What Who Which Everyone Everything Someone Something Nothing Nobody Life "
    "Today Tomorrow Yesterday Music Nature Sometimes Thanks Sounds Looks The A An One Such How People Love Work Time "
    "Weather Food Art Being Having Patience Maybe Because If When Monday Tuesday Wednesday Thursday Friday Saturday "
    "Sunday Exercise Reading Cooking Everybody Anything Anyone Success Learning Change Health Your Please".split()
)
_PRONOUN = re.compile(r"(?:he|she|it|they|he's|she's|it's|they're|his|her|its|their)\s+\S", re.IGNORECASE)
_IT_IS_MY = re.compile(r"it(?:'s| is| was|'ll be| will be) (?:my|our)\b", re.IGNORECASE)
_CALL_ME = re.compile(r"(?:(?:you can|please|just|but|everyone|people|friends)\s+)*calls? me\s+(?P<name>\S.*)\Z", re.IGNORECASE)
_LEFT_OUT = re.compile(
    r"(?P<be>(?:(?:still|also|currently|now|already|happily|originally|just|really|recently|not)\s+)*(?:allergic to|married|"
    r"divorced|engaged|single and|born (?:in|on)|based in|from \w+ originally|originally from|vegetarian|vegan|lactose|going to\b|"
    r"planning (?:to|on|a)|thinking (?:of|about) |living in|working (?:as|at|for|in)|training for|learning|studying|moving to|"
    r"flying to|looking for a|afraid of|scared of|obsessed with|addicted to|\d+ years old|expecting a)\b)|"
    r"(?P<do>(?:(?:really|also|absolutely|still|just|never|always|usually|recently|finally|actually|already|mostly)\s+)*"
    r"(?:love|hate|like|prefer|enjoy|dislike|adore|(?:can't|cannot|couldn't) (?!wait|believe|say|complain|imagine|help|tell|see|find|you|we|i\\b)[a-z]+|"
    r"don't (?:like|eat|drink|smoke|own|have|drive)|live in|work (?:as|at|for|in)|used to|have (?:a|an|two|three|no)|"
    r"got (?:a|an|two|my|married|engaged|divorced|promoted|into)|been \w+ing))\s+(?!it\b|this\b|that\b|you|the way|what|how)\S",
    re.IGNORECASE,
)
_LEFT_OUT_PAST = re.compile(
    r"(?:(?:just|recently|finally|already|never|also)\s+)*(?P<verb>[a-z]+)\s+(?!it\b|this\b|that\b|you|by\b|with you|about it)\S",
    re.I,
)
_NO_STATEMENT_PAST = frozenset("said told heard noted agreed sounded looked seemed thought felt got loved enjoyed missed".split())


def clauses(sentence: str, names: frozenset[str]) -> Iterator[Clause]:
    """The clauses of an English sentence; `names` are people the speaker has introduced."""
    asks = sentence.rstrip("\"”’') ").endswith("?")
    text = _unquoted(sentence.rstrip("?!.;~… "))
    text = re.sub(r"\b([Ww]e) (?:all|both)\b", r"\1", text)
    text = _BARE_CONTRACTION.sub(_with_apostrophe, _TAIL.sub("", text.replace("’", "'").replace("‘", "'")))
    asked_to_remember = False
    if asks:
        text, asked = _without_question(text)
        asked_to_remember = bool(_REMEMBER.match(asked))
        if not text and not asked_to_remember:
            yield Clause(sentence, 0, "question", "en")
            return
        text = text or asked
    imagined = bool(_IMAGINED.search(text)) and not asked_to_remember
    for piece in _pieces(text):
        clause = _weigh(piece, names)
        yield Clause(clause.text, 1, "imagined", "en") if imagined else clause


def _unquoted(text: str) -> str:
    """Text without the marks of a quotation of which only one end is here."""
    if text.count('"') % 2 or text.count("“") != text.count("”") or text.count("(") != text.count(")"):
        return text.strip("\"“”() ?!.;~…")
    return text.strip(" ")


def _without_question(text: str) -> tuple[str, str]:
    """The statement before the question at the end, and the question; both empty-handed where there is none."""
    match = _ASK_AT_END.search(text)
    if match is None or _QUESTION.match(_stripped(text)[0]):
        return "", text
    return text[: match.start()].rstrip(" ,;:-–—"), text[match.start() :].strip(" ,;:-–—")


def _pieces(text: str) -> Iterator[str]:
    """Cut where a whole statement follows a whole statement; a shared "I" is put back, what a request is for is left out."""
    start, subject = 0, ""
    for match in _CUT.finditer(text):
        left, right = subject + text[start : match.start()], text[match.end() :]
        if _shares_subject(left) if match["share"] else _is_whole(left) and _is_whole(right) and not _names_others(left):
            yield left
            if match.group().strip(" ,;").lower() == "so" and _refusal(_stripped(left)[0]):
                return
            start, subject = match.end(), "I " if match["share"] else ""
    yield subject + text[start:]


def _shares_subject(left: str) -> bool:
    """Whether the next verb belongs to the same "I": not after "I want to ..." or "I can ..."."""
    stripped = _stripped(left)[0]
    return bool(re.match(rf"{_I}\b|{_VERB_START}\b", stripped, re.I)) and not _UNFINISHED.search(stripped)


def _names_others(left: str) -> bool:
    """Whether the words before "and I" belong to the same subject: "..., Samantha and I have moved"."""
    last = left.rsplit(",", 1)[-1].split()
    return "," in left and 0 < len(last) <= 3 and not any(is_finite(word.lower()) for word in last)


def _is_whole(piece: str) -> bool:
    words = re.findall(r"[\w']+", _stripped(piece)[0].lower())
    if not words or _SUBORDINATE.match(piece.strip()):
        return False
    if re.match(rf"{_I}\Z", words[0]):
        return len(words) > 1
    return any(is_finite(word) for word in words[1:]) or (len(words) > 2 and is_past(words[0]))


def _stripped(piece: str) -> tuple[str, bool]:
    """A piece without its opening words, and whether they asked to remember it."""
    text, remember = piece.strip(" ,;:-–—\"“”"), False
    for _ in range(6):
        asked = _REMEMBER.match(text)
        match = asked or _LEAD.match(text)
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
    if _QUESTION.match(text) and not _STATED_WH.match(text):
        return "question"
    if _REQUEST.match(body):
        return "request"
    if _REPLY.match(body) or _PROMISE.match(body) or _ABOUT_YOU.search(body):
        return "reply"
    mood = _MOOD.match(body)
    if mood and not _LASTING_MOOD.match(mood["rest"]):
        return "mood"
    if re.match(rf"{_I}\b", body, re.I) and not content_terms(re.sub(rf"^{_I}\b", "", body, flags=re.I)):
        return "empty"
    return ""


def _after_opening(text: str) -> str:
    """A clause from its subject on: "Last year I moved" gives "I moved"."""
    if re.match(rf"(?:{_I}|{_OWN})\b", text, re.I):
        return text
    for _ in range(3):
        match = _OPENING.match(text)
        if match is None:
            return text
        text = text[match.end() :]
        if re.match(rf"(?:{_I}|{_OWN})\b", text, re.I):
            return text
    return text


def _statement(text: str, names: frozenset[str], remember: bool) -> Clause:
    body = _after_opening(text)
    called = _CALL_ME.match(text)
    if called:
        return Clause(f"I want to be called {called['name']}", 3, "own", "en")
    if _PRONOUN.match(text) and not _IT_IS_MY.match(text):
        told = any(is_finite(word) for word in re.findall(r"[\w']+", text.lower()))
        return Clause(text, 2 if told else 0, "pronoun", "en")
    if _is_own(body) or _is_own(text):
        weight = 2 if _FEELING.match(body) or _MOMENT.search(text) else 3
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
    if re.match(rf"{_I}\b", text, re.I):
        return len(words) > 1
    if words and words[0] in BASES and words[0] not in THIRDS and not _OWN_OBJECT.match(text):
        return False
    if _STATED_WH.match(text):
        return True
    if _OWN_SUBJECT.match(text) or re.search(r"\band (?:i|me|my \w+)\b", text[:40], re.I):
        return any(is_finite(word) for word in words[1:]) or bool(_UNKNOWN_VERB.match(text))
    return bool(_OWN_OBJECT.match(text)) or bool(re.match(r"there (?:is|are|was|were)\b.*\b(?:my|our|me)\b", text, re.I))


def _with_subject(text: str) -> str:
    """The clause with "I" or "I am" put back where the speaker left it out; "" where that is not so."""
    match = _LEFT_OUT.match(text)
    if match:
        have = "have " if re.match(r"been\b", match.group(), re.I) else ""
        return f"I am {_lower(text)}" if match["be"] else f"I {have}{_lower(text)}"
    past = _LEFT_OUT_PAST.match(text)
    if past and is_past(past["verb"].lower()) and past["verb"].lower() not in _NO_STATEMENT_PAST:
        return f"I {_lower(text)}"
    return ""


def _with_apostrophe(match: re.Match[str]) -> str:
    return f"{match['head']}n't" if match["head"] else f"I'{match['rest'].lower()}"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _is_named(text: str, names: frozenset[str]) -> bool:
    match = _NAMED.match(text)
    if match and match["name"].split()[0] not in _NOT_NAMES:
        return True
    first = text.split(" ", 1)[0].removesuffix("'s")
    return first in names and any(is_finite(w) for w in re.findall(r"[\w']+", text.lower())[1:])
