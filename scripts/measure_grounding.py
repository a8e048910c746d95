"""How often the grounding check drops what is true, and how often it lets through what is not.

    python scripts/measure_grounding.py [--data DIR]

On the sample conversation: observations that stand in it and some that do not, written by hand. With --data, a folder
of public sets (see scripts/evaluate.py): what the rules extract from each conversation, and LoCoMo's reference
observations, which a model made; of those also copies with another number, another name, or put to other messages.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from memoryengine.clock import SystemClock
from memoryengine.grounding import Source, grounded, sources, ungrounded
from memoryengine.grounding.names import latin_names
from memoryengine.values import Locale, Message
from memoryengine.workers.extract_observations_by_rule import ExtractObservationsByRule

HERE = Path(__file__).parent
LOCALE = Locale()
BATCH = 20
SETS = ("memorybank_zh", "memorybank_en", "realtalk", "beam_100k", "memdaily", "memdaily_traj")


def read(file: Path) -> list[dict[str, Any]]:
    """The rows of a JSON Lines file."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def conversations(file: Path) -> dict[str, list[Message]]:
    """The messages of each conversation, in order."""
    rows = sorted(read(file), key=lambda row: str(row["conversation_id"]))
    return {key: list(map(message, held)) for key, held in groupby(rows, lambda row: str(row["conversation_id"]))}


def message(row: dict[str, Any]) -> Message:
    """A row as a message."""
    said_at = datetime.fromisoformat(row["created_at"]).replace(tzinfo=UTC)
    return Message(
        id=row["message_id"],
        role=row["role"],
        content=row["content"],
        speaker=row.get("role_name", ""),
        said_at=said_at,
        recorded_at=said_at,
        session=str(row["session_id"]),
    )


def shown(held: Sequence[Message], ids: Sequence[str]) -> Source:
    """The source of what cites these messages, in a batch of those around them."""
    places = [place for place, one in enumerate(held) if one.id in ids]
    return sources(ids, held[max(0, min(places) - BATCH // 2) : max(places) + BATCH // 2])


def by_hand() -> tuple[Counter[str], list[str]]:
    """What came of the observations written by hand; those with another verdict than theirs."""
    held = conversations(HERE / "sample_conversation.jsonl")
    found, wrong = Counter[str](), []
    for row in read(HERE / "sample_observations.jsonl"):
        source = shown(held[row["ids"][0].partition(":")[0]], row["ids"])
        cause = ungrounded(row["memory"], source, LOCALE)
        kind = "true" if row["stands"] else "made up"
        found[f"{kind}, {'dropped' if cause else 'kept'}"] += 1
        if bool(cause) == row["stands"]:
            wrong.append(f"{kind}: {row['memory']} ({cause or 'kept'})")
    return found, wrong


async def by_rule(file: Path) -> tuple[int, int]:
    """How many observations the rules extract from a set, and how many of them are dropped."""
    made = dropped = 0
    worker = ExtractObservationsByRule(clock=SystemClock(), locale=LOCALE)
    for held in conversations(file).values():
        for start in range(0, len(held), BATCH):
            batch = tuple(held[start : start + BATCH])
            observations = (await worker.run(batch)).observations
            made, dropped = made + len(observations), dropped + len(grounded(observations, batch, LOCALE)[1])
    return made, dropped


def references(data: Path) -> Iterator[tuple[str, Source]]:
    """LoCoMo's reference observations with their sources."""
    held = conversations(data / "locomo.messages.jsonl")
    for row in read(data / "locomo.observations.jsonl"):
        known = [one for one in held[row["conversation_id"]] if one.id in row["evidence"]]
        if known:
            yield row["observation"], shown(held[row["conversation_id"]], [one.id for one in known])


def spoiled(statement: str) -> dict[str, str]:
    """The statement with another number and with another name, where it has one."""
    number, names = re.search(r"\b\d+\b", statement), list(latin_names(statement))
    found = {}
    if number:
        found["another number"] = statement.replace(number[0], str(int(number[0]) * 3 + 11), 1)
    if names:
        found["another name"] = statement.replace(names[-1], "Zbigniew")
    return found


def locomo(data: Path) -> None:
    """Print what becomes of the reference observations and of spoiled ones."""
    held = list(references(data))
    stands = [one for one in held if not ungrounded(*one, LOCALE)]
    print(f"LoCoMo's reference observations: {len(held)}, dropped {len(held) - len(stands)}")
    tried, caught = Counter[str](), Counter[str]()
    rng = random.Random(1)
    for statement, source in stands:
        for name, bad in {**spoiled(statement), "other messages": rng.choice(stands)[0]}.items():
            tried[name] += 1
            caught[name] += bool(ungrounded(bad, source, LOCALE))
    for name, count in tried.items():
        print(f"  {name}: {caught[name]} of {count} dropped")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, metavar="DIR")
    given = parser.parse_args()
    found, wrong = by_hand()
    print("written by hand:", ", ".join(f"{name} {count}" for name, count in sorted(found.items())))
    print(*(f"  {line}" for line in wrong), sep="\n")
    if given.data:
        for name in SETS:
            made, dropped = asyncio.run(by_rule(given.data / f"{name}.messages.jsonl"))
            print(f"{name}: {made} observations by rule, {dropped} dropped")
        locomo(given.data)


if __name__ == "__main__":
    main()
