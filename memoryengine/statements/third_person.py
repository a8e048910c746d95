"""From the first person to the third, in both languages."""

from __future__ import annotations

import re

from ..values import Language
from . import chinese_third, english_third

_FIRST = {
    "zh": re.compile(r"(?:我|咱|俺|本人)(?!国|行我素)"),
    "en": re.compile(r"(?:I(?:['’](?:m|ve|d|ll))?|[Mm]y|[Ww]e(?:['’](?:re|ve|d|ll))?|[Oo]ur)(?=\s)"),
}


def third_person(text: str, human: str, spoken: Language) -> str:
    """A clause about "I" or 我 as one about `human`."""
    return chinese_third.third_person(text, human) if spoken == "zh" else english_third.third_person(text, human)


def speaks_of_oneself(text: str, spoken: Language) -> bool:
    """Whether a sentence begins with the one who speaks, or what is theirs, in the first person."""
    return bool(_FIRST[spoken].match(text))
