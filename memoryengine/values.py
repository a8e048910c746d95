"""The frozen values that everything else speaks in: messages, memories, periods, hits and changes.

Nothing here does input or output, and nothing here knows a store, a model or a workflow. Every moment is an aware
`datetime`; the engine keeps them in UTC and shows them in the configured time zone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from types import MappingProxyType
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

Role = Literal["user", "assistant", "system"]
Kind = Literal["observation", "custom", "insight"]
Status = Literal["valid", "expired"]
Language = Literal["zh", "en"]
Reason = Literal["contradicted", "contained", "updated", "by hand"]

ROLES: tuple[Role, ...] = get_args(Role)
KINDS: tuple[Kind, ...] = get_args(Kind)
LANGUAGES: tuple[Language, ...] = get_args(Language)

Metadata = Mapping[str, str]
NOTHING: Metadata = MappingProxyType({})


PAUSE = timedelta(hours=6)
"""What parts one sitting of a talk from the next, where messages name no session."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose memory it is: a tenant (`namespace`) and the person the memory is about (`user`)."""

    user: str
    namespace: str = "default"


@dataclass(frozen=True, slots=True)
class Locale:
    """How memory is worded and shown: the language, the time zone and what the two speakers are called.

    `language` is None when each text speaks for itself (the language is then read from the text). Empty names mean
    the language's own word: 用户 / user, 助手 / assistant.
    """

    language: Language | None = None
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    human_name: str = ""
    assistant_name: str = ""

    def local(self, moment: datetime) -> datetime:
        """A moment as the clock of the zone shows it; one without a zone is local already."""
        return moment.astimezone(self.zone) if moment.tzinfo else moment.replace(tzinfo=self.zone)

    def human(self, language: Language) -> str:
        """The person's name as observations in `language` write it."""
        return self.human_name or {"zh": "用户", "en": "user"}[language]

    def assistant(self, language: Language) -> str:
        """The assistant's name as observations in `language` write it."""
        return self.assistant_name or {"zh": "助手", "en": "assistant"}[language]


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a batch of messages may fail before it is halved, again and again, to find the one at fault."""

    attempts: int = 3


@dataclass(frozen=True, slots=True)
class Period:
    """A span of time, `start` included and `end` excluded, and the part of it that recurs.

    `recurs` is empty, or one of `daily`, `weekly:<1-7, Monday is 1>`, `monthly:<day>`, `yearly:<MM-DD>`,
    `yearly:<MM>`. For a recurring time the span is its next occurrence after the moment it was resolved against.
    `text` is the expression as it was written.
    """

    start: datetime
    end: datetime
    recurs: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One line of a conversation, as it was said; immutable but for `attempts`: how often consolidating it failed.

    `answers` is the id of the message that it follows, the last one of the other speaker in its session, where the
    engine saw both come in; it sets that itself.
    """

    id: str
    role: Role
    content: str
    speaker: str = ""
    said_at: datetime
    recorded_at: datetime
    session: str = ""
    agent: str = ""
    attempts: int = 0
    answers: str = ""
    metadata: Metadata = field(default_factory=lambda: NOTHING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """One thing remembered, with where it came from and when it held; its content never changes.

    `said_at` is when the newest of its sources was said, `confirmed_at` when it was last said again, `event` when the
    remembered thing happens, `valid_from` and `valid_to` when it was true, `retired_at` when the engine stopped
    believing it. `sources` are message ids, `evidence` memory ids. `subject` is what an insight is about ("hobby"), or
    an attribute of the person that an observation tells ("home"; `memoryengine.attributes`). `review` is set for an
    insight some of whose evidence has expired, until the next reflection has looked at it.
    """

    id: str
    kind: Kind
    content: str
    status: Status = "valid"
    said_at: datetime
    recorded_at: datetime
    event: Period | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    retired_at: datetime | None = None
    confirmed_at: datetime | None = None
    superseded_by: str = ""
    reason: Reason | None = None
    sources: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    subject: str = ""
    speaker: str = ""
    agent: str = ""
    session: str = ""
    reflected: bool = False
    review: bool = False
    metadata: Metadata = field(default_factory=lambda: NOTHING)


@dataclass(frozen=True, slots=True)
class Hit:
    """One search result: a memory, or a message that no memory stands for.

    `score` orders the hits. `channels` holds what speaks for it by name (`keyword`, `vector`, `time`, ...), each in
    [0, 1]; `parts` what each of them adds to the score, factors and all, so that their sum is the score wherever the
    score was made of channels; `ranks` its place, from 1, in each search that found it.
    """

    item: Memory | Message
    score: float
    channels: Mapping[str, float] = field(default_factory=dict)
    parts: Mapping[str, float] = field(default_factory=dict)
    ranks: Mapping[str, int] = field(default_factory=dict)

    @property
    def kind(self) -> Kind | Literal["message"]:
        """The memory's kind, or `message`."""
        return self.item.kind if isinstance(self.item, Memory) else "message"

    def but(
        self,
        *,
        score: float | None = None,
        channels: Mapping[str, float] | None = None,
        parts: Mapping[str, float] | None = None,
        ranks: Mapping[str, int] | None = None,
    ) -> Hit:
        """The same hit but for what is given; thrice as fast as `dataclasses.replace`, for a search makes hundreds."""
        return Hit(
            self.item,
            self.score if score is None else score,
            self.channels if channels is None else channels,
            self.parts if parts is None else parts,
            self.ranks if ranks is None else ranks,
        )


@dataclass(frozen=True, slots=True)
class Expiry:
    """A wish to expire one valid memory: why, and which new memory takes its place ("" for none)."""

    memory: str
    reason: Reason
    superseded_by: str = ""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A new memory that contradicts one told by hand, which only a person may expire: both stay, and it is reported."""

    memory: str
    by: str


@dataclass(frozen=True, slots=True)
class Purge:
    """A wish to delete everything of a scope: all memories, and all messages too where `messages` is set."""

    messages: bool = False


@dataclass(frozen=True, slots=True)
class Changes:
    """What a run wants to write, committed whole or not at all; `+` joins the changes of several workers.

    `known` maps the id of a memory that stands already to the messages that said it again. `consolidated` are message
    ids that need no further look, `reflected` memory ids that a reflection has seen. `deleted` memories take the
    insights that rest on them alone along, and their source messages too where `with_messages` is set.
    `deleted_messages` take the memories along that came from them alone, and what a chat answered with them.
    `restored` are expired memories that a person has made valid again. `shortened` are expired memories that ended
    earlier than was known: a memory told late, which stood in `superseded_by` between them and their successor, took
    their place.
    """

    memories: tuple[Memory, ...] = ()
    expired: tuple[Expiry, ...] = ()
    shortened: tuple[Expiry, ...] = ()
    restored: tuple[str, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    known: tuple[tuple[str, tuple[str, ...]], ...] = ()
    consolidated: tuple[str, ...] = ()
    reflected: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    with_messages: bool = False
    deleted_messages: tuple[str, ...] = ()
    purge: Purge | None = None

    def __add__(self, other: Changes) -> Changes:
        """Both sets of changes as one; flags are set where either sets them."""
        joined = {f.name: _join(getattr(self, f.name), getattr(other, f.name)) for f in fields(self)}
        return replace(self, **joined)

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        return self != Changes()


def _join(one: Any, other: Any) -> Any:
    return one + other if isinstance(one, tuple) else one or other


def memory_id(kind: Kind, content: str, sources: tuple[str, ...], recorded_at: datetime) -> str:
    """The id of a new memory: twenty hex digits of what it says, where it came from and when it was recorded."""
    parts = "\x1f".join((kind, content, *sources, recorded_at.isoformat()))
    return blake2b(parts.encode("utf-8", "replace"), digest_size=10).hexdigest()
