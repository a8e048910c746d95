"""Kill processes before and after every request to their store, and at random moments; then look whether all is whole.

    python scripts/kill_points.py [--messages 200] [--random 50]
    python scripts/kill_points.py --store elasticsearch [--users 2] [--messages 6] [--random 200]
        [--every 1] [--parallel 1]

kill_sqlite.py and kill_elasticsearch.py say how a run goes, kill_checks.py what must hold. Elasticsearch is the server
that MEMORYENGINE_TEST_ES_URL names, else elasticsearch.sh starts one. Exits with 1 if anything did not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kill_checks import Report, make_messages
from kill_processes import end_children, in_child, outcome

MESSAGES = {"sqlite": 200, "elasticsearch": 6}
RANDOM = {"sqlite": 50, "elasticsearch": 200}


def read_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", choices=sorted(MESSAGES), default="sqlite", help="default sqlite")
    parser.add_argument("--messages", type=int, metavar="N", help="messages (default 200, or 6)")
    parser.add_argument("--random", type=int, metavar="N", help="runs killed at random (default 50 or 200)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the random moments (default 1)")
    users = "elasticsearch: users, of whom the first has all messages and others half as many (default 2)"
    parser.add_argument("--users", type=int, default=2, metavar="N", help=users)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="elasticsearch: only every N-th point")
    parser.add_argument("--parallel", type=int, default=1, metavar="N", help="elasticsearch: runs at the same time")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    chosen = parser.parse_args()
    chosen.messages = MESSAGES[chosen.store] if chosen.messages is None else chosen.messages
    chosen.random = RANDOM[chosen.store] if chosen.random is None else chosen.random
    return chosen


def main() -> int:
    """Run every point and print what was found."""
    chosen = read_arguments()

    def told(point: str) -> None:
        if sys.stderr.isatty():
            print(f"\r\x1b[K{point}", end="", file=sys.stderr, flush=True)

    report, began = Report(), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        run = on_sqlite if chosen.store == "sqlite" else on_elasticsearch
        run(chosen, Path(folder), report, told)
    told("")
    show(report, chosen, time.perf_counter() - began)
    return 1 if report.problems else 0


def on_sqlite(chosen: argparse.Namespace, folder: Path, report: Report, told: Callable[[str], None]) -> None:
    """All runs on the embedded store."""
    from kill_sqlite import Killing

    killing = Killing(folder, make_messages(chosen.messages), report)
    killing.everything(chosen.random, random.Random(chosen.seed), told)


def on_elasticsearch(chosen: argparse.Namespace, folder: Path, report: Report, told: Callable[[str], None]) -> None:
    """All runs on Elasticsearch; those of each part of the points one after the other."""
    from kill_elasticsearch import Killing
    from stores import server

    users = {f"user{n}": make_messages(chosen.messages // (2 if n else 1)) for n in range(chosen.users)}
    first = chosen.seed % chosen.every + 1

    def part(number: int, url: str) -> dict[str, Any]:
        mine = Report()
        killing = Killing(url, folder, users, mine, told)
        share = len(range(number, chosen.random, chosen.parallel))
        step = chosen.every * chosen.parallel
        killing.everything(first + number * chosen.every, step, share, random.Random(f"{chosen.seed} {number}"))
        return vars(mine)

    with server() as url:
        try:
            parts = [in_child(lambda n=n: part(n, url)) for n in range(chosen.parallel)]  # type: ignore[misc]
            for child in parts:
                report.add(Report(**outcome(*child)))
        finally:
            end_children()


def show(report: Report, chosen: argparse.Namespace, seconds: float) -> None:
    """Print the report."""
    runs = sum(report.points.values())
    if chosen.json:
        made = {"messages": chosen.messages, "runs": runs, "points": report.points, "counts": report.counts}
        print(json.dumps({**made, "problems": report.problems}, indent=1, ensure_ascii=False))
        return
    print(f"Python {platform.python_version()}, {platform.platform()}, {os.cpu_count()} cores")
    print(f"{chosen.store}, {chosen.messages} messages a user, {runs} runs in {seconds:.0f} s, seed {chosen.seed}:")
    for point, number in report.points.items():
        print(f"  {number:>5}  {point}")
    if report.counts:
        print("counted:")
    for what, number in sorted(report.counts.items()):
        print(f"  {number:>5}  {what}")
    print(f"problems: {len(report.problems)}")
    for problem in report.problems:
        print(f"  {problem}")


if __name__ == "__main__":
    sys.exit(main())
