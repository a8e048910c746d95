"""What questions ask about time that are asked on Wednesday 2024-10-23 at 15:00 in Shanghai: the table.

An expectation is the period (a day, days from..to with both included, or moments; - for none), then what else is read:
the sittings, `only` where nothing but a time is named, first or last, said or happened, whose words, possible names.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from memoryengine.asked import TimeAsked, read_time_asked
from memoryengine.values import Period

AT = datetime(2024, 10, 23, 15, 0, tzinfo=ZoneInfo("Asia/Shanghai"))

ENGLISH = [
    ("What did we talk about last Friday?", "2024-10-18; only; said"),
    ("Last Friday, what did we chat about?", "2024-10-18; only; said"),
    ("What happened yesterday?", "2024-10-22; only; happened"),
    ("What did I do yesterday?", "2024-10-22; only; happened; by user"),
    ("What did I do last weekend?", "2024-10-19..2024-10-20; only; happened; by user"),
    ("What did we discuss 5 months ago?", "2024-05-01..2024-05-31; only; said"),
    ("What did we discuss three weeks ago?", "2024-09-30..2024-10-06; only; said"),
    ("Tell me what we discussed today.", "2024-10-23; only; said"),
    ("What have we talked about this week?", "2024-10-21..2024-10-27; only; said"),
    ("Summarize our conversations from last month.", "2024-09-01..2024-09-30; only; said"),
    ("Can you give me a summary of what we discussed in June?", "2024-06-01..2024-06-30; only; said"),
    ("Recap yesterday for me", "2024-10-22; only"),
    ("Please remind me what we said on 3 July.", "2024-07-03; only; said"),
    ("What did we talk about on July 3rd, 2023?", "2023-07-03; only; said"),
    ("What did we talk about between March 3 and March 9?", "2024-03-03..2024-03-09; only; said"),
    ("What was discussed from August 12th to August 14th?", "2024-08-12..2024-08-14; only; said"),
    ("What did we talk about in spring?", "2024-03-01..2024-05-31; only; said"),
    ("What did we talk about over Christmas?", "2023-12-24..2023-12-26; only; said"),
    ("What did we discuss around Easter?", "2024-03-31; only; said"),
    ("What did we talk about at Thanksgiving last year?", "2023-11-23; only; said"),
    ("What did we talk about before July?", "1900-01-01..2024-06-30; only; said"),
    ("What did we talk about after 1 September?", "2024-09-02..2024-10-23; only; said"),
    ("What have we discussed since Monday?", "2024-10-21..2024-10-23; only; said"),
    ("What did we chat about over the last 3 days?", "2024-10-20..2024-10-23; only; said"),
    ("What was talked about over this previous week?", "2024-10-16..2024-10-23; only; said"),
    ("What did we talk about earlier today?", "2024-10-23; only; said"),
    ("What sorts of things did we discuss earlier in the morning?", "2024-10-23 06:00-23 12:00; only; said"),
    ("What did we talk about in our third conversation?", "-; sessions 3..3; only; said"),
    ("What did we discuss in our twenty-fourth session?", "-; sessions 24..24; only; said"),
    ("Tell me what we talked about in our thirty-second discussion.", "-; sessions 32..32; only; said"),
    ("What did we discuss in session 7?", "-; sessions 7..7; only; said"),
    ("What did we discuss in session #12?", "-; sessions 12..12; only; said"),
    ("What did we discuss over sessions 4 through 6?", "-; sessions 4..6; only; said"),
    ("What did we chat about from the 4th through 6th sessions?", "-; sessions 4..6; only; said"),
    ("What did we chat about from the fourth through sixth sessions?", "-; sessions 4..6; only; said"),
    ("What did we talk about in sessions 2, 3 and 4?", "-; sessions 2..4; only; said"),
    ("What did we discuss in our first three chats?", "-; sessions 1..3; only; said"),
    ("What were our last two conversations about?", "-; sessions -2..-1; only; said"),
    ("What did we talk about 3 discussions ago?", "-; sessions -3..-3; only; said"),
    ("What did we discuss a few sessions ago?", "-; sessions -4..-2; only; said"),
    ("What did we talk about last time?", "-; sessions -1..-1; only; said"),
    ("Tell me what we discussed last time.", "-; sessions -1..-1; only; said"),
    ("What did we talk about the first time?", "-; sessions 1..1; only; said"),
    ("What did we discuss the session before last?", "-; sessions -2..-2; only; said"),
    ("What did we talk about the time before last?", "-; sessions -2..-2; only; said"),
    ("What did we talk about the last time we spoke?", "-; sessions -1..-1; only; said"),
    ("What did we talk about when we first met?", "-; sessions 1..1; only; said"),
    ("What was our very first conversation about?", "-; sessions 1..1; only; said"),
    ("What did we discuss in our second to last session?", "-; sessions -2..-2; only; said"),
    ("What did we talk about in the penultimate chat?", "-; sessions -2..-2; only; said"),
    ("What have we discussed since our last session?", "-; sessions -1..-1; only; said"),
    ("What did we discuss after our third session?", "-; sessions 4..-1; only; said"),
    ("What did we talk about before the second session?", "-; sessions 1..1; only; said"),
    ("What was the first thing we talked about yesterday?", "2024-10-22; only; first; said"),
    ("What was the last thing we discussed on Monday?", "2024-10-21; only; last; said"),
    ("What did you tell me yesterday?", "2024-10-22; only; said; by assistant"),
    ("What did I tell you last week?", "2024-10-14..2024-10-20; only; said; by user"),
    ("What did Caroline say last Friday?", "2024-10-18; said; names Caroline"),
    ("What did Caroline and Melanie talk about on 3 July?", "2024-07-03; said; names Caroline,Melanie"),
    ("What did Caroline tell Melanie on May 8th?", "2024-05-08; said; names Caroline,Melanie"),
    ("And last Friday?", "2024-10-18; only"),
    ("What about yesterday?", "2024-10-22; only"),
    ("Yesterday", "2024-10-22; only"),
    ("What happened in 2022?", "2022-01-01..2022-12-31; only; happened"),
    ("What went on last summer?", "2024-06-01..2024-08-31; only; happened"),
    ("What is happening next Friday?", "2024-11-01; only; happened"),
    ("What am I doing tomorrow?", "2024-10-24; only; happened; by user"),
    ("What do I have on Friday?", "2024-10-25; only; happened"),
    ("What did I eat last Friday?", "2024-10-18"),
    ("Where did I go last summer?", "2024-06-01..2024-08-31; happened"),
    ("What did we say about the car last Friday?", "2024-10-18; said"),
    ("In the first session, what sport did Matt mention he had recently joined?", "-; sessions 1..1; said"),
    ("On March 4, 2023, what did Tara say she tried for the first time?", "2023-03-04; said"),
    (
        "What did Tara mention doing last Friday to shake things up, as per the conversation on February 21, 2023?",
        "2023-02-21; said",
    ),
    ("What new job did John start as mentioned on June 13th?", "2024-06-13; said"),
    ("What motivates James according to his response on March 17th?", "2024-03-17"),
    ("When did I first go to Rome?", "-; first; happened"),
    ("When did I last see Anna?", "-; last"),
    ("What is my most recent job?", "-; last"),
    ("When was the last time I went to the gym?", "-; last; happened"),
    ("What did we say the last time we talked about pizza?", "-; last; said"),
    ("What did we decide in our last conversation about cooking?", "-; last"),
    ("What was my first dog called?", "-"),
    ("What is my favourite food?", "-"),
    ("How are you today?", "2024-10-23"),
    ("I was so tired yesterday.", "-"),
    ("I'll tell you tomorrow.", "-"),
    ("I was in Rome last week. What is my favourite food?", "-"),
    ("What should I do today?", "2024-10-23; happened"),
    ("Could we go over what we discussed last week?", "2024-10-14..2024-10-20; only; said"),
    ("Where did we leave off last time?", "-; sessions -1..-1; only; said"),
    ("Let's continue our last conversation.", "-; sessions -1..-1; only; said"),
    ("Remember last Friday?", "2024-10-18; only"),
    ("I had a long day. What did we talk about yesterday?", "2024-10-22; only; said"),
    ("On May 2nd, we talked a lot. What topics did we discuss?", "2024-05-02; only; said"),
    ("I mentioned two days ago that I was at the park. What did I see there?", "2024-10-21; said"),
    ("Anna's birthday party in July", "2024-07-01..2024-07-31"),
    ("What did Melanie paint recently?", "-"),
    ("What did we talk about recently?", "2024-10-09..2024-10-23; only; said"),
    ("What do I drink every day?", "-; happened"),
    ("What did we discuss in our meeting on 3 July?", "2024-07-03; said"),
    ("What did my boss say in the third meeting?", "-; said"),
    ("What did we talk about in our third call?", "-; sessions 3..3; only; said"),
    ("what did melanie say last friday", "2024-10-18; said; names melanie"),
    ("What medication did I start in March?", "2024-03-01..2024-03-31"),
    ("Which books did I read over Christmas?", "2023-12-24..2023-12-26"),
    ("What topics came up in our chat two days ago?", "2024-10-21; only; said"),
    ("What did you and I discuss the day before yesterday?", "2024-10-21; only; said"),
    ("What was our conversation on the 5th about?", "2024-10-05; only; said"),
    ("Show me what I said on Monday.", "2024-10-21; only; said; by user"),
    ("What have I told you since last week?", "2024-10-14..2024-10-23; only; said; by user"),
    ("What did we talk about the week of July 10?", "2024-07-08..2024-07-14; only; said"),
    ("What did we talk about on my birthday?", "-; said"),
    ("What did we talk about after her trip to Rome?", "-; said"),
    ("What did we discuss two Fridays ago?", "2024-10-11; only; said"),
    ("What did we talk about half a year ago?", "2024-04-01..2024-04-30; only; said"),
    ("What did we talk about 10 days before Christmas?", "2023-12-15; only; said"),
    ("What did we talk about in conversation three?", "-; sessions 3..3; only; said"),
    ("What did we discuss in sessions 12-14?", "-; sessions 12..14; only; said"),
    ("What did we discuss in the 3rd and 4th sessions?", "-; sessions 3..4; only; said"),
    ("What happened in the session before the last one?", "-; sessions -2..-2; only; said"),
    ("Tell me about our first chat.", "-; sessions 1..1; only; said"),
    ("How did our first conversation go?", "-; sessions 1..1; only; said"),
    ("What was the first thing I ever told you?", "-; sessions 1..1; only; first; said"),
    ("What was the last thing you said?", "-; sessions -1..-1; only; last; said; by assistant"),
    ("When did we last talk?", "-; sessions -1..-1; only; said"),
    ("When did we first talk about cats?", "-; first"),
    ("Where was I last Friday?", "2024-10-18"),
    ("What did James show John on March 20th?", "2024-03-20"),
    ("What did we talk about every Monday?", "2024-10-28; said"),
    ("What did we talk about Monday through Wednesday last week?", "2024-10-14..2024-10-16; only; said"),
    ("What did we talk about in June and July?", "2024-06-01..2024-07-31; only; said"),
    ("What happened between Christmas and New Year's Eve?", "2023-12-25..2023-12-31; only; happened"),
    ("What will we talk about next session?", "-; said"),
    ("What's the weather today?", "2024-10-23"),
    ("What did the doctor say last time?", "-; last; said"),
    ("What did I order last time?", "-; last"),
    ("Which song did I play the second time?", "-"),
    ("What was my second job?", "-"),
]

CHINESE = [
    ("我们上周五聊了什么？", "2024-10-18; only; said"),
    ("昨天我们聊了些什么", "2024-10-22; only; said"),
    ("上个月我们讨论了哪些话题？", "2024-09-01..2024-09-30; only; said"),
    ("五个月前我们聊过什么？", "2024-05-01..2024-05-31; only; said"),
    ("三天前我们说了什么？", "2024-10-20; only; said"),
    ("你还记得我们上周聊了什么吗？", "2024-10-14..2024-10-20; only; said"),
    ("帮我总结一下上周的聊天内容", "2024-10-14..2024-10-20; only; said"),
    ("回顾一下我们六月的对话", "2024-06-01..2024-06-30; only; said"),
    ("今天我们都聊了啥", "2024-10-23; only; said"),
    ("今年春天我们聊了什么？", "2024-03-01..2024-05-31; only; said"),
    ("去年中秋节我们聊了什么？", "2023-09-29; only; said"),
    ("国庆假期我们聊了什么？", "2024-10-01..2024-10-07; only; said"),
    ("春节期间我们聊了些什么？", "2024-02-09..2024-02-16; only; said"),
    ("端午节那天我们说了什么？", "2024-06-10; only; said"),
    ("除夕我们聊什么了？", "2024-02-09; only; said"),
    ("7月3日我们谈了什么？", "2024-07-03; only; said"),
    ("2023年7月3日那天我们聊了什么？", "2023-07-03; only; said"),
    ("从8月12日到8月14日我们聊了什么？", "2024-08-12..2024-08-14; only; said"),
    ("最近三天我们聊了什么？", "2024-10-20..2024-10-23; only; said"),
    ("第三次聊天我们说了什么？", "-; sessions 3..3; only; said"),
    ("我们第24次聊天聊了什么？", "-; sessions 24..24; only; said"),
    ("第二十四次对话的内容是什么？", "-; sessions 24..24; only; said"),
    ("第2次到第4次聊天我们讨论了什么？", "-; sessions 2..4; only; said"),
    ("前两次聊天我们聊了什么？", "-; sessions -2..-1; only; said"),
    ("上次我们聊了什么？", "-; sessions -1..-1; only; said"),
    ("上上次我们聊了什么", "-; sessions -2..-2; only; said"),
    ("上一次对话我们讨论了什么？", "-; sessions -1..-1; only; said"),
    ("最近一次聊天说了什么？", "-; sessions -1..-1; only; said"),
    ("第一次聊天的时候我们聊了什么？", "-; sessions 1..1; only; said"),
    ("我们第一次聊了什么？", "-; sessions 1..1; only; said"),
    ("最后一次我们聊了什么？", "-; sessions -1..-1; only; said"),
    ("倒数第二次聊天聊了什么？", "-; sessions -2..-2; only; said"),
    ("三次聊天之前我们说了什么？", "-; sessions -3..-3; only; said"),
    ("上次聊天以来我们说了什么", "-; sessions -1..-1; only; said"),
    ("我昨天跟你说了什么？", "2024-10-22; only; said; by user"),
    ("你昨天跟我说了什么？", "2024-10-22; only; said; by assistant"),
    ("小明上周五说了什么？", "2024-10-18; said; names 小明"),
    ("小明和小红上周聊了什么？", "2024-10-14..2024-10-20; said; names 小明,小红"),
    ("昨天发生了什么事？", "2024-10-22; only; happened"),
    ("我上周末做了什么？", "2024-10-19..2024-10-20; only; happened; by user"),
    ("我上周五吃了什么？", "2024-10-18"),
    ("我第一次去北京是什么时候？", "-; first; names 北京"),
    ("我最近一次看医生是什么时候？", "-; last; names 看医生"),
    ("上次面试我们聊了什么？", "-; last; said; names 面试"),
    ("上次我们聊到旅行的时候说了什么", "-; last; said; names 旅行"),
    ("我周五有什么安排？", "2024-10-25; only; happened"),
    ("我明天要做什么？", "2024-10-24; only; happened; by user"),
    ("昨天好累啊", "-"),
    ("昨天天气真好，出去走了走。我喜欢的手机怎么样？", "-"),
    ("五月二日我们聊了很多。都说了什么？", "2024-05-02; only; said"),
    ("今天可以做什么？", "2024-10-23; happened"),
    ("可以说说我们上次聊了什么吗？", "-; sessions -1..-1; only; said"),
    ("上次说到哪了？", "-; sessions -1..-1; only; said"),
    ("继续上次的话题", "-; sessions -1..-1; only; said"),
    ("好累啊！昨天我们聊了什么？", "2024-10-22; only; said"),
    ("最近我们聊了什么？", "2024-10-09..2024-10-23; only; said"),
    ("我最近在看什么书？", "-"),
    ("那个时间是下周一上午九点的活动，主要内容是什么？", "2024-10-28 09:00-28 10:00; happened; names 活动"),
    ("明天再告诉你", "2024-10-24; said"),
    ("昨天呢？", "2024-10-22; only"),
    ("那上周五呢？", "2024-10-18; only"),
    ("七月之前我们聊了什么？", "1900-01-01..2024-06-30; only; said"),
    ("九月以后我们聊过什么？", "2024-10-01..2024-10-23; only; said"),
    ("周一以来我们聊了什么？", "2024-10-21..2024-10-23; only; said"),
    ("我小时候养的狗叫什么？", "-"),
    ("去年夏天我去了哪里？", "2023-06-01..2023-08-31"),
    ("圣诞节我们聊了什么？", "2023-12-25; only; said"),
    ("上周三晚上我们聊了什么？", "2024-10-16 18:00-17 00:00; only; said"),
    ("今天早上我们说了什么？", "2024-10-23 06:00-23 12:00; only; said"),
    ("昨天你和我都聊了什么话题？", "2024-10-22; only; said"),
    ("上周二到周四我们聊了什么", "2024-10-15..2024-10-17; only; said"),
    ("请总结一下我们最近的对话", "2024-10-09..2024-10-23; only; said"),
    ("今天早些时候我们说了什么？", "2024-10-23; only; said"),
    ("两周前的周五我们聊了啥", "2024-10-11; only; said"),
    ("国庆前一天我们聊了什么", "2024-09-30; only; said"),
    ("春节后我们聊了什么", "2024-02-11..2024-10-23; only; said"),
    ("我们第三次和第四次聊天都说了什么", "-; sessions 3..4; only; said"),
    ("第5到第7次对话", "-; sessions 5..7; only; said"),
    ("我们最早聊的是什么？", "-; sessions 1..1; only; first; said"),
    ("我们最后聊的是什么？", "-; sessions -1..-1; only; last; said"),
    ("昨天最后我们聊了什么？", "2024-10-22; only; last; said"),
    ("上一次我跟你说了什么？", "-; sessions -1..-1; only; said; by user"),
    ("你上次推荐了什么书？", "-; last"),
    ("我们上次见面是什么时候？", "-; sessions -1..-1; only; said"),
    ("去罗马之后我们聊了什么？", "-; said"),
    ("上上周我们聊了什么？", "2024-10-07..2024-10-13; only; said"),
    ("今年上半年我们聊了什么", "2024-01-01..2024-06-30; only; said"),
    ("我下周有什么计划？", "2024-10-28..2024-11-03; only; happened"),
    ("最后一次去健身房是什么时候", "-; last; names 健身房"),
    ("第二次面试结果怎么样", "-; names 面试结果"),
    ("我的第一份工作是什么", "-"),
]


def days(period: Period | None) -> str:
    if period is None:
        return "-"
    start, end = period.start, period.end
    if start.time() == end.time() == start.time().min:
        first, last = start.date(), (end - timedelta(days=1)).date()
        return f"{first}" if first == last else f"{first}..{last}"
    return f"{start:%Y-%m-%d %H:%M}-{end:%d %H:%M}"


def told(asked: TimeAsked) -> str:
    sittings = f"sessions {asked.sessions.first}..{asked.sessions.last}" if asked.sessions else ""
    by = "by name" if asked.by_name else f"by {asked.by}" if asked.by else ""
    names = f"names {','.join(asked.names)}" if asked.names else ""
    only = "only" if asked.only else ""
    parts = (days(asked.period), sittings, only, asked.order, asked.about, by, names)
    return "; ".join(part for part in parts if part)


@pytest.mark.parametrize(("question", "expected"), ENGLISH + CHINESE)
def test_what_a_question_asks_about_time(question: str, expected: str) -> None:
    asked = read_time_asked(question, AT)
    assert told(asked) == expected
    assert read_time_asked(f"  {question} ", AT) == asked
    assert read_time_asked(question, AT, AT.tzinfo) == asked


def test_the_table_is_as_long_as_it_says() -> None:
    assert len(ENGLISH) >= 80
    assert len(CHINESE) >= 45
    assert len({question for question, _ in ENGLISH + CHINESE}) == len(ENGLISH) + len(CHINESE)


@pytest.mark.parametrize(
    ("question", "names", "expected"),
    [
        ("What did Caroline say last Friday?", ("Caroline",), "2024-10-18; only; said; by name; names Caroline"),
        (
            "What did Caroline and Mel talk about last Friday?",
            ("Caroline", "Mel"),
            "2024-10-18; only; said; names Caroline,Mel",
        ),
        ("Tell me what Mary Ann told me yesterday.", ("Mary Ann",), "2024-10-22; only; said; by name; names Mary Ann"),
        ("小明上周五说了什么？", ("小明",), "2024-10-18; only; said; by name; names 小明"),
        ("小明和小红上周聊了什么？", ("小明", "小红"), "2024-10-14..2024-10-20; only; said; names 小明,小红"),
    ],
)
def test_a_name_is_no_content_where_it_is_a_speakers(question: str, names: tuple[str, ...], expected: str) -> None:
    assert told(read_time_asked(question, AT, speakers=names)) == expected
    unknown = read_time_asked(question, AT)
    assert not unknown.only
    assert unknown.names == names
    assert not read_time_asked(question, AT, speakers=names[1:]).only
