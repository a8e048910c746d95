"""Count the model calls of a consolidation, beside those of the workflow of separate workers, on the same messages.

    python scripts/count_calls.py [--users N] [--delay SECONDS] [--store sqlite|elasticsearch]

The chat model, the embedder and their answers are those of the local server that memoryengine ships, which answers each
chat after `--delay` seconds (0.5 unless told). One user with 20 messages comes first, then `--users` (50) with 20 each,
each in one batch, with conflicts and without, at most 8 calls at once. The wall time of those is measured against the
least that is possible, users x delay / 8. Ends with 1 if a count is not what it should be, or with the wall time above
1.15 of the least.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from stores import KINDS, Stores, stores

from memoryengine import AsyncMemoryEngine
from memoryengine.trace import Usage

AT_ONCE = 8
SLACK = 1.15
KEY, MODEL = "test-key", "Qwen/Qwen2.5-7B-Instruct"
DIMENSIONS = 64  # the server makes its vectors on this machine, which a real one does not

# Twenty messages of one talk that bear on nothing else, and the two that take back others.
TALK = (
    "My hobby is playing the guitar.",
    "I live in Beijing.",
    "I am allergic to peanuts.",
    "I have a dog called Rex.",
    "我喜欢喝绿茶。",
    "My birthday is on 3 July.",
    "I am learning Japanese.",
    "I went to Rome last May.",
    "我对蜘蛛害怕得很。",
    "My sister Ann plays chess.",
    "I bought a red bicycle yesterday.",
    "I do not like loud music.",
    "我的手机是小米。",
    "I read science fiction before sleep.",
    "My mother makes wonderful dumplings.",
    "I broke an arm while skiing.",
    "我收集旧邮票。",
    "I grow tomatoes on the balcony.",
    "I drive an old Volvo.",
    "I want to see the northern lights.",
)
TAKEN_BACK = {7: "I moved to Shanghai.", 18: "I gave my dog Rex away."}


def talk(*, conflicts: bool) -> list[dict[str, Any]]:
    """The twenty messages, a minute apart."""
    told = [TAKEN_BACK.get(n, text) if conflicts else text for n, text in enumerate(TALK)]
    return [{"role": "user", "content": text, "said_at": f"2024-05-20T10:{n:02d}:00"} for n, text in enumerate(told)]


@dataclass(frozen=True, slots=True)
class Counted:
    """What a consolidation cost."""

    chat: int
    embed: int
    memories: int
    expired: int
    seconds: float
    worked: float


@dataclass(frozen=True, slots=True)
class Case:
    """A consolidation and what it should cost; `chat` None where there is nothing to hold it to."""

    name: str
    config: str
    users: int
    conflicts: bool
    chat: int | None


def cases(users: int) -> list[Case]:
    """All that is counted."""
    ours = [
        Case("20 messages, nothing near", "siliconflow", 1, False, 1),
        Case("20 messages with conflicts", "siliconflow", 1, True, 2),
        Case(f"{20 * users:,} messages of {users} users, nothing near", "siliconflow", users, False, users),
        Case(f"{20 * users:,} messages of {users} users with conflicts", "siliconflow", users, True, 2 * users),
    ]
    return ours + [Case(case.name, "classic", case.users, case.conflicts, None) for case in ours]


@contextmanager
def served(delay: float) -> Iterator[str]:
    """The address of the local server, in a process of its own, for what it computes is not to count here."""
    command = [sys.executable, "-m", "memoryengine.testing.siliconflow_server", "--port", "0", "--workers"]
    command += ["--delay", str(delay), "--dimensions", str(DIMENSIONS), "--key", KEY]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[2]
        finally:
            process.terminate()


async def count(case: Case, url: str, place: Stores, number: int) -> Counted:
    """Import the messages of a case into a store of its own, and consolidate them."""
    keys = {"api_base": url, "api_key": KEY}
    config = {
        "extends": case.config,
        "time_zone": "UTC",
        "store": place.spec(f"calls{number}"),
        "models": {
            "chat": {"use": "openai_like", "model": MODEL, "concurrency": AT_ONCE, **keys},
            "embedder": {"use": "siliconflow", "dimensions": DIMENSIONS, **keys},
            "reranker": None,
        },
    }
    async with AsyncMemoryEngine(config) as engine:
        names = [f"user{n}" for n in range(case.users)]
        for name in names:
            await engine.user(name).add_messages(talk(conflicts=case.conflicts))
        _ = engine._engine.models.chat, engine._engine.models.embedder  # their adapters take a second to load
        began, worked = time.perf_counter(), time.process_time()
        done = await engine.consolidate_all(names, concurrency=4 * AT_ONCE)
        seconds, worked = time.perf_counter() - began, time.process_time() - worked
        failed = next((one.error for one in done if one.error is not None), None)
        if failed is not None:
            raise failed
        results = [one.result for one in done if one.result is not None]
        actions = [action for result in results for action in result.actions]
        usage = sum((result.usage for result in results), Usage())
        return Counted(
            usage.chat_calls,
            usage.embed_calls,
            sum(action.verb == "new" for action in actions),
            sum(action.verb == "expired" or action.memory.status == "expired" for action in actions),
            seconds,
            worked,
        )


def table(rows: Sequence[tuple[Case, Counted]], delay: float) -> str:
    """What was counted, in Markdown."""
    heads = "workflow | messages | chat calls | embedding calls | memories | expired | seconds | of the least | CPU"
    lines = [f"| {heads} |"]
    lines.append("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for case, counted in rows:
        least = counted.chat * delay / min(AT_ONCE, case.users)
        share = f"{counted.seconds / least:.2f}" if least else ""
        lines.append(
            f"| {'one call' if case.config == 'siliconflow' else 'classic'} | {case.name} | {counted.chat} | "
            f"{counted.embed} | {counted.memories} | {counted.expired} | {counted.seconds:.2f} | {share} | "
            f"{counted.worked:.2f} |"
        )
    return "\n".join(lines)


def problems(rows: Sequence[tuple[Case, Counted]], delay: float) -> list[str]:
    """What is not as it should be."""
    found = []
    for case, counted in rows:
        if case.chat is not None and counted.chat != case.chat:
            found.append(f"{case.name}: {counted.chat} calls, not {case.chat}.")
        if bool(counted.expired) != case.conflicts:
            found.append(f"{case.name} ({case.config}): {counted.expired} memories expired.")
        least = counted.chat * delay / AT_ONCE
        if case.chat is not None and case.users >= 50 and delay and counted.seconds > SLACK * least:
            found.append(f"{case.name}: {counted.seconds:.2f} s, more than {SLACK} x {least:.3f} s.")
    return found


def count_all(users: int, delay: float, kind: str) -> list[tuple[Case, Counted]]:
    """Count every case."""
    rows = []
    with stores(kind) as place, served(delay) as url:
        for number, case in enumerate(cases(users)):
            rows.append((case, asyncio.run(count(case, url, place, number))))
            print(f"{case.config}: {case.name}", file=sys.stderr)
    return rows


def main() -> int:
    """Count, print the table, and say what is not as it should be."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--delay", type=float, default=0.5, help="seconds after which the server answers a chat")
    parser.add_argument("--store", choices=KINDS, default=KINDS[0])
    given = parser.parse_args()
    rows = count_all(given.users, given.delay, given.store)
    print(table(rows, given.delay))
    wrong = problems(rows, given.delay)
    print(*wrong, sep="\n", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
