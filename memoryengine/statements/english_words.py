"""What the English rules know of verbs: common ones, their forms, and how a form is made."""

from __future__ import annotations

import re

_IRREGULAR = """
    be was been; become became become; begin began begun; bite bit bitten; break broke broken; bring brought brought;
    build built built; buy bought bought; catch caught caught; choose chose chosen; come came come; cut cut cut;
    deal dealt dealt; do did done; draw drew drawn; drink drank drunk; drive drove driven; eat ate eaten;
    fall fell fallen; feel felt felt; fight fought fought; find found found; fly flew flown; forget forgot forgotten;
    freeze froze frozen; get got gotten; give gave given; go went gone; grow grew grown; hang hung hung; have had had;
    hear heard heard; hide hid hidden; hit hit hit; hold held held; hurt hurt hurt; keep kept kept; know knew known;
    lead led led; learn learnt learnt; leave left left; lend lent lent; let let let; lie lay lain; lose lost lost;
    make made made; mean meant meant; meet met met; pay paid paid; put put put; quit quit quit; read read read;
    ride rode ridden; ring rang rung; run ran run; say said said; see saw seen; sell sold sold; send sent sent;
    set set set; sew sewed sewn; shake shook shaken; shoot shot shot; show showed shown; sing sang sung; sit sat sat;
    sleep slept slept; speak spoke spoken; spend spent spent; stand stood stood; steal stole stolen; stick stuck stuck;
    swim swam swum; take took taken; teach taught taught; tell told told; think thought thought; throw threw thrown;
    understand understood understood; wake woke woken; wear wore worn; win won won; write wrote written;
    split split split; undergo underwent undergone; upset upset upset; withdraw withdrew withdrawn
"""
_REGULAR = """
    accept add admire admit adopt adore agree aim allow answer appear apply arrange arrive ask attend avoid bake
    battle believe belong book bore borrow bother breed browse brush call camp cancel care carry celebrate change chat
    check clean climb close coach collect come-out commute compete complete compose consider contain cook cost count
    cover crave create cry cycle dance dance date decide decline deliver deserve design despise detest develop die
    direct disagree discover dislike divorce donate dream dress drop earn edit embroider emigrate enjoy enter
    exercise expect explain fail fear finish fish fit fix follow foster garden graduate guess handle happen hate head
    help hike hire hope host hunt identify immigrate include inherit injure intend invest invite jog join joke juggle
    jump kayak knit last laugh lift like listen live loathe look love maintain major manage march marry matter
    meditate mind miss mix moderate move need notice offer open order organize organise own paint pack pass photograph
    pick plan plant play possess practice practise prefer prepare present produce program promise propose publish pull
    push raise reach realize realise receive recover refuse relax relocate remember rent repair require research reside
    retire return review run-out sail save schedule seem separate serve settle share shop sign skate sketch ski skip
    smell smoke sound start stay stop stream struggle study stutter suffer support surf switch talk taste tend text
    thank tidy tolerate train translate travel treat try turn use vape visit volunteer vote wait walk want wash watch
    weigh wish wonder work worry worship
"""
IRREGULAR = {base: (past, participle) for base, past, participle in (row.split() for row in _IRREGULAR.split(";"))}
BASES = frozenset(IRREGULAR) | frozenset(_REGULAR.split())
PASTS = frozenset(past for past, _ in IRREGULAR.values())
PARTICIPLES = frozenset(participle for _, participle in IRREGULAR.values())
# The past looks like the base, so only the company it keeps can tell: read as past where a past time stands beside.
SAME_FORMS = frozenset(base for base, (past, _) in IRREGULAR.items() if past == base)
_AUXILIARIES = """
    am is are was were be been has have had do does did can could will would shall should may might must isn't aren't
    wasn't weren't hasn't haven't hadn't don't doesn't didn't can't cannot couldn't won't wouldn't shouldn't mustn't
    ain't
"""
AUXILIARIES = frozenset(_AUXILIARIES.split())
_ADVERBS = """
    really always usually never also just still often sometimes currently recently now already actually definitely
    only even rarely seldom hardly ever once finally again mostly normally generally truly absolutely totally probably
    maybe perhaps not both all soon lately nowadays today first last then long barely almost quite rather kind sort of
    either so too no longer
"""
ADVERBS = frozenset(_ADVERBS.split())
_ED_NOUNS_TEXT = """
    need feed bleed breed speed seed weed red bed shed bred wed sled
"""
_ED_NOUNS = frozenset(_ED_NOUNS_TEXT.split())
_VOWEL_Y = re.compile(r"[^aeiou]y\Z")
_SIBILANT = re.compile(r"(?:s|x|z|ch|sh|o)\Z")


def third(verb: str) -> str:
    """The third person singular: `like` gives likes, `have` has, `don't` doesn't; unknown words as regular verbs."""
    fixed = {"have": "has", "be": "is", "am": "is", "are": "is", "were": "was", "do": "does", "don't": "doesn't"}
    fixed |= {"haven't": "hasn't", "aren't": "isn't", "weren't": "wasn't", "ain't": "isn't", "'ve": "has", "'m": "is"}
    if verb in fixed:
        return fixed[verb]
    if _VOWEL_Y.search(verb):
        return verb[:-1] + "ies"
    return verb + ("es" if _SIBILANT.search(verb) else "s")


THIRDS = frozenset(third(base) for base in BASES)


def is_past(word: str) -> bool:
    """Whether a lower-case word is surely a past form; `read` and its like, the same in both tenses, are not."""
    if word in PASTS:
        return word not in SAME_FORMS
    return len(word) > 3 and word.endswith("ed") and word not in _ED_NOUNS and word not in BASES


def is_finite(word: str) -> bool:
    """Whether a lower-case word can be the verb of a clause."""
    return word in AUXILIARIES or word in THIRDS or word in BASES or is_past(word) or word.endswith(_CONTRACTED)


_CONTRACTED = ("'s", "'m", "'re", "'ve", "'ll", "'d")
