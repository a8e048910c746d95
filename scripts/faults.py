"""Consolidate for minutes while the model and the store fail, then look whether every message came to its end.

    python scripts/faults.py --minutes 10 --failure-rate 0.5 [--store elasticsearch] [--users 6] [--processes 2]

Several processes add messages for the same users and consolidate them as a schedule would, with a model that fails at
the given rate: 429, 5xx, cut connections, late, broken and endless answers, refusals, answers in another language or
for another batch. A few messages are such that the model always refuses them. Calls of the store fail now and then
too, before or after they were done. At the end the model and the store are sound again, but for the refused messages,
until nothing waits. Then every acknowledged message must be consolidated exactly once, by one observation that the
model gave for it (each answer carries a fresh nonce), or be set aside with a reason. Exits with 1 if one is not.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from faults_checks import Found, Told, check_user
from faults_model import FaultyModel
from faults_work import ACKNOWLEDGED, COUNTS, DRAIN, DRAIN_SECONDS, READY
from stores import KINDS, stores

from memoryengine.assembly import build_store
from memoryengine.records import COLLECTIONS
from memoryengine.values import Scope

WORK = Path(__file__).parent / "faults_work.py"


def read_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long messages are added (default 1)")
    parser.add_argument("--failure-rate", type=float, default=0.5, help="of the model's requests (default 0.5)")
    parser.add_argument("--store-failure-rate", type=float, default=0.01, help="of the store's calls (default 0.01)")
    parser.add_argument("--store", choices=KINDS, default="sqlite", help="default sqlite")
    parser.add_argument("--users", type=int, default=6, help="default 6")
    parser.add_argument("--processes", type=int, default=2, help="default 2")
    parser.add_argument("--seed", type=int, default=1, help="default 1")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    return parser.parse_args()


def main() -> int:
    """Run, look and print."""
    chosen = read_arguments()
    users = [f"user{n}" for n in range(chosen.users)]
    model = FaultyModel(chosen.failure_rate, chosen.seed)
    with TemporaryDirectory() as folder, stores(chosen.store) as room, model:
        spec = room.spec("faults")
        counts, seconds = run(chosen, Path(folder), users, config_of(model, spec), model)
        found = asyncio.run(look(spec, users, acknowledged(Path(folder)), model))
        calls = {"chat": model.count("chat"), "embedding": model.count("embeddings")}
    show(chosen, found, counts, dict(model.faults), calls, seconds)
    return 1 if found.problems else 0


def config_of(model: FaultyModel, spec: dict[str, Any]) -> dict[str, Any]:
    """A config whose pauses are short enough for many tries in a minute."""
    reached = {"api_base": model.url, "api_key": model.key, "timeout": 1.0, "total_timeout": 4.0, "retries": 1}
    return {
        "models": {
            "chat": {"use": "openai_like", "model": model.models[0], **reached},
            "embedder": {"use": "siliconflow", "dimensions": model.dimensions, **reached},
        },
        "store": spec,
        "time_zone": "UTC",
        "limits": {"lease_seconds": 5, "retry_seconds": 0.05, "retry_longest": 0.5},
    }


def run(
    chosen: argparse.Namespace, folder: Path, users: list[str], config: dict[str, Any], model: FaultyModel
) -> tuple[Counter[str], list[float]]:
    """Let the processes work for so many minutes and then to the end; what they counted, together.

    Also the seconds that they took to start, that they added messages, and that they took from then to the end.
    """
    times = [time.monotonic()]
    task = {"folder": str(folder), "users": users, "seed": chosen.seed, "config": config}
    task["store_rate"] = chosen.store_failure_rate
    children = []
    for number in range(chosen.processes):
        child = subprocess.Popen([sys.executable, str(WORK)], stdin=subprocess.PIPE, text=True)
        assert child.stdin is not None  # as was asked for
        child.stdin.write(json.dumps({**task, "number": number}))
        child.stdin.close()
        children.append(child)
    try:
        while not all((folder / READY.format(n)).exists() for n in range(chosen.processes)):
            if any(child.poll() is not None for child in children):
                raise SystemExit("A process ended before it began; see above.")
            time.sleep(0.05)
        times.append(time.monotonic())
        end = times[-1] + chosen.minutes * 60
        while time.monotonic() < end and all(child.poll() is None for child in children):
            time.sleep(0.2)
        times.append(time.monotonic())
        (folder / DRAIN).touch()
        model.rate = 0.0
        codes = [child.wait(DRAIN_SECONDS + 60) for child in children]
        times.append(time.monotonic())
    finally:
        for child in children:
            child.kill()
    if any(codes):
        raise SystemExit(f"The processes ended with {codes}; see above.")
    counted = [Counter(json.loads((folder / COUNTS.format(n)).read_text())) for n in range(len(codes))]
    return sum(counted, Counter()), [later - earlier for earlier, later in pairwise(times)]


def acknowledged(folder: Path) -> dict[str, list[Told]]:
    """The messages of each user that the store said it had."""
    told: defaultdict[str, list[Told]] = defaultdict(list)
    for file in folder.glob(ACKNOWLEDGED.format("*")):
        for line in file.read_text().splitlines():
            row = json.loads(line)
            told[row["user"]].append(Told(row["id"], row["role"], row["content"]))
    return told


async def look(spec: dict[str, Any], users: list[str], told: dict[str, list[Told]], model: FaultyModel) -> Found:
    """What the store holds of all users, against what was told and answered."""
    store, found = build_store(spec), Found()
    await store.open(COLLECTIONS, None)
    try:
        for user in users:
            await check_user(store, Scope(user), told.get(user, ()), model.answered, found)
    finally:
        await store.close()
    return found


def show(
    chosen: argparse.Namespace,
    found: Found,
    counts: Counter[str],
    faults: dict[str, int],
    calls: dict[str, int],
    seconds: list[float],
) -> None:
    """Print what came of it."""
    if chosen.json:
        told = {"messages": found.states.total(), "states": found.states, "reasons": found.reasons, "runs": counts}
        told |= {"faults": faults, "calls": calls, "problems": found.problems, "seconds": seconds}
        print(json.dumps(told, indent=1))
        return
    print(f"{chosen.store}, {chosen.processes} processes, {chosen.users} users, seed {chosen.seed},")
    rates = (f"{rate:.0%}" for rate in (chosen.failure_rate, chosen.store_failure_rate))
    print("{} of the model's requests and {} of the store's failing:".format(*rates))
    print("seconds: {:.0f} to start, {:.0f} of additions, {:.0f} until nothing waited".format(*seconds))
    for title, table in (
        ("messages", found.states), ("set aside because of", found.reasons), ("runs", counts),
        ("requests to the model", calls), ("failures of the model", faults),
    ):  # fmt: skip
        print(f"{title}: {sum(table.values()) if table is not counts else ''}".rstrip())
        for what, number in sorted(table.items()):
            print(f"  {number:>6}  {what}")
    print(f"problems: {len(found.problems)}")
    for problem in found.problems[:50]:
        print(f"  {problem}")


if __name__ == "__main__":
    sys.exit(main())
