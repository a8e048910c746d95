"""From what callers bring to messages: checked and made safe to store, or refused with a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from hashlib import blake2b
from zoneinfo import ZoneInfo

from .errors import InputError
from .ports import Clock
from .records import ENGINE_USER
from .text import clean
from .values import ROLES, Message, Metadata

LONGEST_ID = 256
LONGEST_CONTENT = 4_000_000
YEARS = range(2, 9999)  # a day before and after each of their moments can still be written in any time zone
# The names under which other tools keep the same field, the first one found counts.
ALIASES: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "message_id"),
    "speaker": ("speaker", "role_name", "name"),
    "said_at": ("said_at", "created_at", "time_created", "timestamp"),
    "session": ("session", "session_id"),
    "agent": ("agent", "agent_id"),
}
KNOWN = {"role", "content", "metadata", "conversation_id", *(n for names in ALIASES.values() for n in names)}


def checked_name(what: str, name: object) -> str:
    """A user's, namespace's or id's name; raises `InputError` if it is empty, too long or cannot be stored."""
    if not isinstance(name, str) or not name.strip():
        raise InputError(f"The {what} is {name!r}; it must be a text that is not blank.")
    if len(name) > LONGEST_ID:
        raise InputError(f"The {what} has {len(name)} characters; at most {LONGEST_ID} are allowed.")
    if clean(name) != name or "\t" in name or len(name.splitlines()) > 1:
        raise InputError(f"The {what} {name!r} holds control characters, several lines or broken Unicode; change that.")
    if what == "user" and name == ENGINE_USER:
        raise InputError(f"The user {name!r} is the engine's own; a person needs another name.")
    return name


def read_messages(items: Iterable[Message | Mapping[str, object]], clock: Clock, zone: ZoneInfo) -> list[Message]:
    """The messages that callers gave, each with an id, a moment and a safe text.

    A mapping holds `role` and `content` and may hold `id`, `speaker`, `said_at` (ISO 8601 text, seconds since 1970 or
    a datetime; without a zone it is local to `zone`), `session`, `agent` and `metadata`, or the names in `ALIASES`.
    Raises `InputError` that says which item it is and what is wrong; none of the call's messages is kept then.
    """
    if not isinstance(items, Iterable):
        raise InputError(f"The messages are {type(items).__name__}; they must be a list of mappings.")
    found = []
    for number, item in enumerate(items, start=1):
        try:
            found.append(_safe(item) if isinstance(item, Message) else read_message(item, clock, zone))
        except InputError as error:
            raise InputError(f"Message {number} of the call: {error.message}", excerpt=error.excerpt) from None
    return found


def read_message(item: Mapping[str, object], clock: Clock, zone: ZoneInfo) -> Message:
    """One message from a mapping; see `read_messages`."""
    if not isinstance(item, Mapping):
        raise InputError(f"It is {type(item).__name__}; it must be a mapping with `role` and `content`.")
    role = item.get("role", "user")
    if role not in ROLES:
        raise InputError(f"The role is {role!r}; it must be one of {', '.join(ROLES)}.")
    recorded_at = clock.now()
    said_at = _moment(_aliased(item, "said_at"), zone) or recorded_at
    content = _content(item.get("content"))
    speaker = _text(item, "speaker")
    given = _aliased(item, "id")
    return Message(
        id=checked_name("id", given) if given is not None else message_id(role, speaker, content, recorded_at),
        role=role,
        content=content,
        speaker=speaker,
        said_at=said_at,
        recorded_at=recorded_at,
        session=_text(item, "session"),
        agent=_text(item, "agent"),
        metadata=_metadata(item),
    )


def message_id(role: object, speaker: str, content: str, moment: datetime, number: int = 0) -> str:
    """An id for a message that has none: the same for the same words of one speaker at one moment.

    `number` tells apart what someone said several times in a moment.
    """
    parts = "\x1f".join((str(role), speaker, content, moment.isoformat(), str(number)))
    return blake2b(parts.encode("utf-8", "replace"), digest_size=12).hexdigest()


def _safe(message: Message) -> Message:
    checked_name("id", message.id)
    if message.role not in ROLES:
        raise InputError(f"The role is {message.role!r}; it must be one of {', '.join(ROLES)}.")
    if _content(message.content) != message.content:
        raise InputError("Its content holds control characters or broken Unicode; a mapping would be cleaned.")
    for name, given in (("speaker", message.speaker), ("session", message.session), ("agent", message.agent)):
        if given != "":
            checked_name(name, given)
    said_at, recorded_at = (_aware(moment) for moment in (message.said_at, message.recorded_at))
    metadata = _metadata({"metadata": message.metadata})
    return replace(message, said_at=said_at, recorded_at=recorded_at, metadata=metadata)


def _aware(moment: object) -> datetime:
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise InputError(f"Its moment {moment!r} has no time zone; give an aware datetime.")
    return _checked_moment(moment, UTC)


def _content(content: object) -> str:
    if not isinstance(content, str):
        raise InputError(f"The content is {type(content).__name__}; it must be a text.")
    cleaned = clean(content)
    if not cleaned.strip():
        raise InputError("The content is empty; there is nothing to remember in it.")
    if len(cleaned) > LONGEST_CONTENT:
        raise InputError(f"The content has {len(cleaned)} characters; at most {LONGEST_CONTENT} are allowed.")
    return cleaned


def _moment(given: object, zone: ZoneInfo) -> datetime | None:
    return None if given is None or given == "" else _checked_moment(given, zone)


def _checked_moment(given: object, zone: tzinfo) -> datetime:
    try:
        if isinstance(given, int | float) and not isinstance(given, bool):
            moment = datetime.fromtimestamp(given, UTC)
        else:
            moment = given if isinstance(given, datetime) else datetime.fromisoformat(str(given).strip())
        if moment.year in YEARS:
            return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise InputError(
        f"The time is {given!r}; it must be ISO 8601 such as 2024-10-26T21:26:20+08:00, or seconds since 1970, in the "
        f"years {YEARS[0]} to {YEARS[-1]}."
    )


def _aliased(item: Mapping[str, object], name: str) -> object:
    return next((item[alias] for alias in ALIASES[name] if item.get(alias) is not None), None)


def _text(item: Mapping[str, object], name: str) -> str:
    given = _aliased(item, name)
    if given is None or given == "":
        return ""
    return checked_name(name, given)


def _metadata(item: Mapping[str, object]) -> Metadata:
    """The free metadata: the mapping `metadata`, and every further key of the item."""
    given = item.get("metadata") or {}
    if not isinstance(given, Mapping):
        raise InputError(f"The metadata is {type(given).__name__}; it must be a mapping of texts.")
    held = {**{k: v for k, v in item.items() if k not in KNOWN}, **given}
    return {clean(str(k)): clean(str(v)) for k, v in held.items() if v is not None}
