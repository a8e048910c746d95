"""What English questions about a time alone are made of: words of talking, of happening, and those between."""

from __future__ import annotations

from .places import words

TALK = words(
    """
    talk talks talked talking discuss discusses discussed discussing discussion discussions chat chats chatted
    chatting say says said saying tell tells told telling speak speaks spoke spoken speaking mention mentions
    mentioned mentioning converse conversed conversation conversations dialogue dialogues session sessions sitting
    sittings topic topics subject subjects cover covered covering bring brought raise raised share shared sharing
    exchange exchanged message messages messaged messaging text texts texted texting wrote write written writing
    catch caught come came comes coming arise arose
    """
)
MUTUAL = words(
    """
    talk talked talking discuss discussed discussing chat chatted chatting converse conversed
    """
)
HAPPEN = words(
    """
    happen happens happened happening occur occurs occurred occurring do does doing done go goes went going gone
    take took taken taking place up event events
    """
)
ASKING = words(
    """
    what what's whats which anything something everything summarize summarise summary recap recall remind review
    remember overview
    """
)
LITTLE = words(
    """
    a an the this that these those it its there here and or so also too just again back please then now ok okay hey
    hi hello well i you we he she they me us him her them my your our his their mine ours yours myself yourself
    ourselves i'd i've we've we'd you've who whom how was were is are am be been being did didn't does do don't has
    have had hasn't haven't can could would will shall should may might must let let's about on in at over during of
    to from for with around by between within into through throughout across upon as per out up off all any some
    every each both either other another one ones more most much many few whole entire full main major key important
    particular specific general generally exactly roughly basically mainly mostly briefly quickly quick short brief
    thing things stuff sort sorts kind kinds type types point points matter matters detail details part parts bit
    content contents together each else different various several if whether know want like need able ever yet still
    previously earlier later ago before after since until till because not no yes time times day days date dates
    week weekend month year period span when back lot abt new end ended begin
    began
    """
)
CONNECTING = words(
    """
    and or so then also too ok okay well hey hi on in at what how about the from to of for
    """
)
RECALL = words("summarize summarise summary recap overview review remember recall")
SAID = words("discussed talked said told mentioned spoke chatted covered")
KNOWN = TALK | HAPPEN | ASKING | LITTLE | CONNECTING
NO_NAMES = words("where why")
PLAN = words("plan plans planned planning schedule scheduled agenda calendar appointment appointments meeting meetings")
