"""Whether a statement stands in the messages that it cites: what is dropped and why, and what must never be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from measure_grounding import by_hand

from memoryengine.errors import ModelAnswerError
from memoryengine.grounding import DENIAL, LANGUAGE, NAME, NUMBER, TIME, grounded, sources, standing, ungrounded
from memoryengine.trace import measure
from memoryengine.values import Language, Locale, Memory, Period

from .grounding_cases import MONDAY, cause, said

DENIED = [
    ("用户对花生不过敏。", "我对花生过敏。"),
    ("用户没有养狗。", "我养狗了。"),
    ("User is not allergic to peanuts.", "I am allergic to peanuts."),
    ("User doesn't live in Paris.", "I live in Paris."),
]
DENIES_WITH_REASON = [
    ("用户不能吃花生。", "我对花生过敏。"),
    ("用户不再抽烟。", "我戒烟了。"),
    ("用户不喜欢香菜。", "香菜我真的不喜欢"),
    ("User does not smoke.", "I used to smoke."),
    ("User cannot eat peanuts.", "I am allergic to peanuts."),
    ("User has no dog, and does not want a dog.", "A dog? I would hate a dog."),
]


@pytest.mark.parametrize(("statement", "text"), DENIED)
def test_a_denial_that_nobody_uttered_is_dropped(statement: str, text: str) -> None:
    assert cause(statement, text) == DENIAL
    assert cause(text, text) == ""
    assert cause(statement, statement) == ""
    assert cause(statement, "A: Is it so? 是不是？ No?", text) == "", "an answer to a question may deny it"


@pytest.mark.parametrize(("statement", "text"), DENIES_WITH_REASON)
def test_a_denial_in_other_words_stands(statement: str, text: str) -> None:
    assert cause(statement, text) == ""
    assert cause(statement, statement) == ""
    assert cause(text, text) == ""


STANDS = [
    ("User has two cats.", "I have 2 cats."),
    ("User has 2 cats.", "I've got two cats!"),
    ("ユーザーは猫を飼っている。", "ねこを飼っています。"),
    ("用户喜欢歌曲《さくらさくら》。", "我喜欢さくらさくら这首歌"),
    ("User is 34 years old.", "I turned thirty-four yesterday"),
    ("User was born in 1990.", "I am 34."),
    ("User is about 34.", "I was born in 1990."),
    ("User paid 1500 euros for it.", "It cost me 1.5k euros"),
    ("User paid $1,500.", "it was fifteen hundred... 1500 bucks"),
    ("User has three pets.", "Max, Daisy and the new pup Ned all live with me."),
    ("User has two dogs.", "Max and Bella are my dogs."),
    ("User has twins.", "we got two of them at once, twins"),
    ("User's number is 13800138000.", "call me: 138-0013-8000"),
    ("User gets up at 6:30.", "I get up at half past six"),
    ("User has a meeting on 2024-04-12.", "The meeting is next Friday."),
    ("User has a meeting on Friday 12 April 2024.", "The meeting is next Friday."),
    ("User painted a sunrise in 2023.", "I painted that sunrise last year"),
    ("User went to a support group on 31 March 2024.", "I went to a support group yesterday"),
    ("User met them on March 15, 2024.", "I met up with them on the 15th"),
    ("User started the violin in December 2023.", "I've been playing for about four months now"),
    ("User said on 1 April 2024 that the dog is ill.", "My dog is ill."),
    ("User works out every Friday.", "Fridays are for the gym"),
    ("User's party is on Saturday at 8 pm.", "party at mine saturday 8pm!!"),
    ("User lives in New York.", "I live in NYC"),
    ("User is from the United States.", "I'm American"),
    ("User visited Sweden.", "The Swedish food was great when we visited"),
    ("User speaks Italian.", "We always spoke it at home, mum is from Italy"),
    ("User lives in Shanghai.", "I moved to Shanghia"),
    ("Melanie is User's friend.", "Mel is my friend"),
    ('User reads "The Alchemist".', "reading the alchemist now"),
    ("User feels overwhelmed and very busy.", "I'm swamped."),
    ("Painting helps User to relax.", "I paint when I need to calm down"),
    ("User Likes Green Tea And Coffee", "i like green tea, coffee too"),
    ("User plays Cyberpunk 2077.", "I play cyberpunk 2077 a lot"),
    ("User's dog had 12 puppies.", "a dozen puppies!!"),
    ("User is allergic to peanuts.", "花生过敏 peanut allergy, both mine, sorry for the mix"),
    ("User likes Python.", "我喜欢 Python and also rust, go, zig"),
    ("用户有两只猫。", "我有2只猫"),
    ("用户有3只猫。", "家里三只猫"),
    ("用户有2个女儿。", "我有一对双胞胎女儿"),
    ("用户身高164厘米。", "我1米64"),
    ("用户月薪3万元。", "工资三万"),
    ("用户月薪30000元。", "工资3万"),
    ("用户打算2024年4月12日开会。", "下周五开会"),
    ("用户将于2024年04月12日 周五 09:00参加论坛。", "论坛的时间是下周五上午九点。"),
    ("用户2023年搬到了上海。", "去年搬到了上海"),
    ("用户每周五健身。", "每周五都去健身房"),
    ("用户下午三点有课。", "15:00有课"),
    ("用户出生于1990年。", "我今年34岁"),
    ("用户住在上海。", "我在魔都生活"),
    ("用户的猫叫豆包。", "我养了一只橘猫，叫豆包"),
    ("用户的朋友李雷是医生。", "李雷是我朋友，当医生"),
    ("用户毕业于北京大学。", "我北大毕业的，北京大学"),
    ("用户很忙。", "我最近累死了"),
    ("用户十分高兴，认识了方便的邻居。", "今天真开心，邻居帮忙带路"),
    ("用户喜欢《三体》。", "《三体》超好看"),
    ("用户会用Python。", "我平时写python"),
    ("小明喜欢喝茶。", "我喜欢喝茶"),
    ("用户最近在读余华的《活着》。", "最近在看《活着》,余华写的"),
    ("用户的女儿今年上小学三年级。", "女儿上小三了"),
    ("用户每天跑5公里。", "我每天早上跑步五公里"),
    ("用户在腾讯工作了八年。", "我在腾讯干了8年"),
    ("用户计划国庆节去日本旅行。", "十一打算去日本玩"),
    ("用户有一儿一女。", "我有两个孩子,一个儿子一个女儿"),
    ("用户有两个孩子。", "我有一个儿子一个女儿"),
    ("用户体重从80公斤降到了70公斤。", "我从160斤瘦到140斤"),
    ("用户月收入约为1万5千元。", "我一个月挣一万五"),
    ("用户凌晨两点才睡。", "昨晚2点才睡着"),
    ("用户比姐姐小五岁。", "我姐比我大5岁"),
    ("用户不喜欢香菜。", "我讨厌香菜"),
    ("用户于2024年3月31日购买了一辆特斯拉Model 3。", "昨天提了辆特斯拉Model3"),
    ("用户是一名三十多岁的教师。", "我三十好几了,教书的"),
    ("User has been married for 10 years.", "We got married in 2014."),
    ("User's wedding anniversary is April 5.", "My anniversary is this Friday!"),
    ("User's son is in 3rd grade.", "My son is in third grade"),
    ("User earns $85k a year.", "I make 85,000 dollars a year"),
    ("User wakes up at 5 a.m. on weekdays.", "I get up at five Monday to Friday"),
    ("User has a twin brother named Jake.", "Jake and I are twins"),
    ("User used to live in the UK.", "I lived in London for a while, England was great"),
    ("User's flight to Paris leaves on Thursday, April 4.", "My flight to Paris is on Thursday"),
    ("User graduated from MIT.", "I graduated from the Massachusetts Institute of Technology"),
    ("User likes The Beatles and Pink Floyd.", "love the beatles, pink floyd too"),
    ("User takes 20 mg of Lexapro daily.", "I'm on Lexapro, 20mg a day"),
    ("User finished a 10K race in 52 minutes.", "ran my 10k in 52:30 today"),
    ("User is a vegetarian since January.", "I went veggie in January"),
    ("User is a software engineer at Google with a focus on Android.", "I do android stuff at google, swe"),
    ("User has 3 kids: Tom (7), Ann (5) and Leo (2).", "My kids are Tom, 7, Ann, 5 and Leo who is 2"),
    ("User's mother turned 60 last month.", "mom had her 60th in March"),
    ("User studied for an hour and a half.", "studied 90 minutes"),
    ("用户的妈妈上个月满60岁。", "妈妈三月过的六十大寿"),
    ("User prefers Spanish wine.", "wine from Spain is the best"),
    ("用户在杭州的阿里巴巴上班。", "我在阿里上班,杭州"),
    ("用户的老家在山东青岛。", "老家青岛的"),
    ("用户是Java后端工程师。", "我写java后端的"),
    ("User moved into the flat on the second floor.", "moved into a flat on the 2nd floor"),
    ("User is turning 30 next week.", "next week I'll be the big three-oh, 30!"),
]

FALLS = [
    (NUMBER, "User has three cats.", "I have two cats."),
    (NUMBER, "User has 5 cats.", "I have two cats."),
    (NUMBER, "User is 43 years old.", "I am 34."),
    (NUMBER, "User paid 15000 euros.", "It cost 1500 euros"),
    (NUMBER, "User has four kids.", "My sister Anna, who is a nurse, lives in Oslo and has three kids"),
    (NUMBER, "User's number is 13900138000.", "call me: 138-0013-8000"),
    (TIME, "User has a meeting on 2024-04-11.", "The meeting is next Friday."),
    (TIME, "User's exam is on Tuesday.", "The exam is on Thursday."),
    (TIME, "User moved in May.", "I moved in March."),
    (TIME, "User moved in 2019.", "I moved in 2018."),
    (TIME, "User started it seven years ago.", "I started it three years ago."),
    (TIME, "User saw a doctor yesterday.", "I should see a doctor."),
    (NAME, "User lives in Leeds.", "I live in London."),
    (NAME, "User has a parrot called Kiki.", "I have a parrot."),
    (NAME, "User went to Rome with Anna.", "I went to Rome with Bob."),
    (NAME, "Caroline's dog is ill.", "My dog is ill."),
    (LANGUAGE, "用户喜欢喝茶和咖啡。", "I like tea and coffee very much."),
    (LANGUAGE, "User likes tea and coffee.", "我很喜欢喝茶和咖啡。"),
    (LANGUAGE, "User writes Go and Python.", "我写 Go 和 Python"),
    (LANGUAGE, "ユーザーは猫を飼っている。", "我养了一只猫叫咪咪。"),
    (LANGUAGE, "사용자는 고양이를 키운다.", "I have a cat called Mimi."),
    (LANGUAGE, "У пользователя есть кошка.", "I have a cat called Mimi."),
    (NUMBER, "用户有三只猫。", "我有两只猫"),
    (NUMBER, "用户有两只猫。", "我对猫毛过敏"),
    (NUMBER, "用户身高174厘米。", "我1米64"),
    (NUMBER, "用户今年43岁。", "我今年34岁"),
    (NUMBER, "用户月薪3万元。", "工资三千"),
    (TIME, "用户打算2024年4月11日开会。", "下周五开会"),
    (TIME, "用户周三有课。", "周四有课"),
    (TIME, "用户2019年搬家。", "2018年搬的家"),
    (NAME, "用户住在上海。", "我住在北京"),
    (NAME, "用户的猫叫豆包。", "我养了一只橘猫"),
    (NAME, "用户的朋友王芳是医生。", "我朋友是医生"),
    (NAME, "用户毕业于清华大学。", "我大学毕业了"),
    (NAME, "用户喜欢《三体》。", "我喜欢看科幻"),
    (NAME, "用户会用Java。", "我平时写python"),
    (NAME, "用户的老家在山东青岛。", "老家烟台的"),
    (NUMBER, "User earns $95k a year.", "I make 85,000 dollars a year"),
    (NUMBER, "User's son is in 5th grade.", "My son is in third grade"),
    (TIME, "User's flight leaves on Friday.", "My flight to Paris is on Thursday"),
    (NUMBER, "用户在腾讯工作了八年。", "我在腾讯干了6年"),
    (NAME, "用户计划去日本旅行。", "打算去韩国玩"),
    (NAME, "User likes Pink Floyd.", "love the beatles"),
    (NUMBER, "User takes 40 mg of Lexapro daily.", "I'm on Lexapro, 20mg a day"),
    (NUMBER, "用户的电话是13900001111。", "我电话13900001112"),
    (NUMBER, "User has been married for 12 years.", "We got married in 2014."),
    (TIME, "User's appointment is at 3 pm.", "appointment at 4pm"),
    (TIME, "用户下午三点开会。", "下午四点开会"),
    (TIME, "User will visit in 2026.", "I'll visit next year"),
    (TIME, "用户明年结婚。", "我今年结婚"),
    (TIME, "User got a dog last year.", "I got a dog last month"),
    (NAME, "User met Dr. Smith.", "I met Dr. Jones"),
    (NAME, "User's friend Bob likes tea.", "My friend likes tea"),
]


@pytest.mark.parametrize(("statement", "text"), STANDS)
def test_what_follows_from_a_message_stands(statement: str, text: str) -> None:
    locale = Locale(human_name="小明") if "小明" in statement else Locale()
    assert cause(statement, text, locale=locale) == ""


@pytest.mark.parametrize(("why", "statement", "text"), FALLS)
def test_what_was_made_up_falls_with_its_cause(why: str, statement: str, text: str) -> None:
    assert cause(statement, text) == why


def test_an_answer_rests_on_its_question_and_a_pronoun_on_what_came_before() -> None:
    assert cause("User is allergic to 3 kinds of nuts.", "A: Are you allergic to 3 kinds of nuts?", "Yes.") == ""
    assert cause("用户住在成都。", "A: 你住在成都吗？", "对") == ""
    earlier = ("I got a beagle, Biscuit.", "A: Lovely!", "a", "b")
    assert cause("User's beagle Biscuit is three.", *earlier, "she is 3") == ""
    far = ("We paid 700 for rent.", "A: Oh.", "A: Well.", "A: Yes.", "I like tea.")
    assert cause("User paid 700 for tea.", *far) == NUMBER


def test_a_short_answer_may_be_written_down_in_the_language_of_its_question() -> None:
    assert cause("用户会说法语。", "A: 你会说法语吗？", "OK") == ""
    assert cause("用户喜欢猫和狗。", "猫が好きです。犬も好きです。") == ""
    assert cause("用户喜欢猫和狗。", "I like cats and dogs a lot.", locale=Locale(language="zh")) == ""
    assert cause("邮箱：ann@example.org", "my mail is ann@example.org, do write") == ""


def test_the_names_of_the_config_and_of_speakers_are_always_allowed() -> None:
    locale = Locale(human_name="Tom", assistant_name="Jarvis")
    assert cause("When he met Jarvis, Tom was glad.", "I was glad to meet you", locale=locale) == ""
    assert cause("It is known that Ann likes tea.", "I like tea.", speaker="Ann") == ""
    assert cause("It is known that Zoe likes tea.", "I like tea.", speaker="Ann") == NAME


def memory(content: str, *ids: str, event: Period | None = None) -> Memory:
    return Memory(
        id=content, kind="observation", content=content, said_at=MONDAY, recorded_at=MONDAY, sources=ids, event=event
    )


def test_memories_are_sorted_and_each_dropped_one_has_a_cause() -> None:
    messages = said("I have two cats.", "A: Nice!", "My sister lives in Oslo.")
    good, bad = memory("User has two cats.", "m0"), memory("User has nine cats.", "m0")
    other = memory("User's sister lives in Bergen.", "m2")
    assert grounded([good, bad, other], messages, Locale()) == ((good,), (NUMBER, NAME))
    assert grounded([], messages, Locale()) == ((), ())
    assert grounded([memory("User has nine cats.", "gone")], messages, Locale())[1] == ()


def test_the_date_that_our_own_code_added_is_not_held_against_a_memory() -> None:
    messages = said("昨天晚上我看了一部电影。")
    event = Period(MONDAY - timedelta(hours=14), MONDAY - timedelta(hours=8), text="昨天晚上")
    told = "用户昨天晚上看了一部电影（2024-03-31 18:00-24:00）。"
    assert grounded([memory(told, "m0", event=event)], messages, Locale())[1] == ()
    assert len(grounded([memory(told.replace("18", "11"), "m0")], messages, Locale())[1]) == 1


def row(memory: str, *ids: int) -> dict[str, Any]:
    return {"memory": memory, "ids": ids}


def test_rows_that_do_not_stand_are_dropped_and_counted_in_the_trace() -> None:
    messages = said("I have two cats.", "My sister lives in Oslo.")
    kept = row("User has two cats.", 1)
    rows = [kept, row("User has nine cats.", 1), row("User's sister lives in Rome.", 2), row("User has 7 cats.", 1)]
    with measure() as meter:
        assert standing(rows, messages, Locale()) == [kept]
    assert meter.notes == {f"dropped: {NUMBER}": 2, f"dropped: {NAME}": 1}
    with measure() as meter:
        assert standing([], messages, Locale()) == []
    assert meter.notes == {}


def test_an_answer_of_which_nothing_stands_is_refused_and_not_taken_for_nothing() -> None:
    messages = said("I have two cats.", "My sister lives in Oslo.")
    with measure() as meter, pytest.raises(ModelAnswerError) as caught:
        standing([row("User has nine cats.", 1), row("User's sister lives in Rome.", 2)], messages, Locale())
    assert f"object 1 holds {NUMBER}; object 2 holds {NAME}." in caught.value.message
    assert "cats" not in caught.value.message
    assert meter.notes == {}


def test_an_answer_for_another_batch_is_refused() -> None:
    messages = said("I have two cats.", "My sister lives in Oslo.")
    with pytest.raises(ModelAnswerError, match="has to do with the lines"):
        standing([row("User plays the guitar.", 1), row("User drinks coffee.", 2)], messages, Locale())
    chinese = said("我有两只猫。", "我姐姐住在成都。")
    with pytest.raises(ModelAnswerError, match="has to do with the lines"):
        standing([row("用户喜欢弹吉他。", 1), row("用户每天喝咖啡。", 2)], chinese, Locale())
    assert len(standing([row("User plays the guitar.", 1), row("User owns cats.", 1)], messages, Locale())) == 2


LONG = ["", "。", "1" * 5_000, "a," * 3_000, "一" * 3_000, "九零" * 3_000, "A b " * 2_000, "Ab, " * 4_000, "(" * 3_000]


@pytest.mark.parametrize("text", LONG)
@pytest.mark.parametrize("language", ["zh", "en", None])
def test_no_text_takes_long_or_fails(text: str, language: Language | None) -> None:
    messages = said(text, "ok")
    began = datetime.now(UTC)
    found = [cause(text, text, "ok", cited=0), ungrounded("User likes 3 teas.", sources(["m0"], messages), Locale())]
    assert all(isinstance(why, str) for why in found)
    assert found[0] in ("", NUMBER, TIME)
    assert datetime.now(UTC) - began < timedelta(seconds=2)


def test_what_was_written_by_hand_about_the_sample_is_told_apart() -> None:
    found, wrong = by_hand()
    assert wrong == []
    assert found["true, kept"] >= 40
    assert found["made up, dropped"] >= 15
