"""The verdicts that are read of a model's answer, in whatever form it writes them."""

from __future__ import annotations

import json

import pytest

from memoryengine.answers import Numbering
from memoryengine.errors import ModelAnswerError
from memoryengine.verdicts import CONTAINED, CONTRADICTED, Verdict, read_verdicts

from .workers.fakes import memory

FORMS = {
    "a form": "id: {b}, relation: contradicted, by: {s}\nid: {p}, relation: contained, by: {k}",
    "a table": "| id | relation | by |\n|---|---|---|\n| {b} | contradicted | {s} |\n| {p} | contained | {k} |",
    "YAML": "- id：{b}\n  relation：矛盾\n  by：{s}\n- id：{p}\n  relation：被包含\n  by：{k}",
    "CSV": "id,relation,by\n{b},contradicted,{s}\n{p},contained,{k}",
    "columns": '{{"id": [{b}, {p}], "relation": ["contradicted", "contained"], "by": [{s}, {k}]}}',
    "lists of one": '[{{"id": [{b}], "relation": ["contradicted"], "by": [{s}]}},'
    '{{"id": {p}, "relation": "contained", "by": {k}}}]',
    "Chinese names": '[{{"编号": {b}, "关系": "被矛盾", "被": {s}}}, {{"编号": {p}, "关系": "被包含于", "被": {k}}},'
    '{{"编号": {s}, "关系": "无", "被": null}}]',
    "capital names": '[{{"ID": {b}, "Relation": "CONTRADICTED", "By": {s}}}, {{"ID": {p}, "Relation": "Contained By",'
    '"By": {k}}}, {{"ID": {k}, "Relation": "None", "By": None}}]',
    "unrelated": '[{{"id": {b}, "relation": "contradicted by", "by": {s}}}, {{"id": {s}, "relation": "unrelated",'
    '"by": {p}}}, {{"id": {p}, "relation": "contained（包含）", "by": {k}}}]',
    "nothing": '[{{"id": {b}, "relation": "contradicted（矛盾）", "by": {s}}}, {{"id": {s}, "relation": "", "by": ""}},'
    '{{"id": {p}, "relation": "contained", "by": {k}}}, {{"id": {k}, "relation": null, "by": null}}]',
}
BEIJING = memory("User lives in Beijing.", id_="beijing")
SHANGHAI = memory("User moved to Shanghai.", id_="shanghai")
FOUR = (BEIJING, SHANGHAI, memory("User has a parrot.", id_="parrot"), memory("User has a parrot Kiki.", id_="kiki"))


@pytest.mark.parametrize("name", FORMS)
def test_the_verdicts_are_read_in_every_form_that_a_model_may_write(name: str) -> None:
    numbers = Numbering.of(one.id for one in FOUR)
    answer = FORMS[name].format(**{letter: numbers.shown(place) for place, letter in enumerate("bspk", 1)})
    beijing, parrot = read_verdicts(answer, FOUR)
    assert beijing == Verdict(BEIJING, CONTRADICTED, SHANGHAI)
    assert (parrot.memory.id, parrot.relation, parrot.by.id) == ("parrot", CONTAINED, "kiki")
    with pytest.raises(ModelAnswerError, match=r"a whole number from \d+ to \d+|holds no JSON"):
        read_verdicts(answer.replace(str(numbers.shown(1)), "99"), FOUR)


def test_what_names_no_relation_is_no_verdict_and_not_nothing() -> None:
    first = Numbering.of(one.id for one in FOUR).first
    lines = [{"id": first, "time": "2024-10-26", "text": "User lives in Beijing."}, {"id": first + 1, "text": "null"}]
    useless: list[object] = [lines, {"contradicted": [{"id": first, "by": first + 1}]}, {"obey": True}]
    useless += [[{"id": first, "by": first + 1}, {"id": first, "relation": None, "by": first + 2}]]
    useless += [[{"id": first, "relation": "contradicted (contained)", "by": first + 1}]]
    for answer in useless:
        with pytest.raises(ModelAnswerError):
            read_verdicts(json.dumps(answer), FOUR)
    for word in ("none", "无", "Unrelated.", "N/A", "", "-"):
        assert read_verdicts(json.dumps([{"关系": word, "id": first, "by": first + 1}]), FOUR) == []
