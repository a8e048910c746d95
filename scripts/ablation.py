"""What each part of retrieval is worth: recall@10 with everything, less that without the part.

    python scripts/ablation.py [options of evaluate.py] [--part WORKER[.WEIGHT] ...]

The parts are read from the workflow: its workers, and their weights (see evaluation_parts.py). Each is taken out alone
and all sets are asked again, so give --keep and --vectors. A difference above 0 says that the part helps. Those that
help neither by half a point on two lines nor by five on one are marked. With --out a run goes on where an earlier one
stopped. Where the workflow cannot do without a part, that is said.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from evaluate import argument_parser, bench_of, checked, largest_first, options_of, runs, wanted, write
from evaluation_bench import Bench
from evaluation_parts import parts
from evaluation_table import ROWS, Line, Row, line
from stores import stores

from memoryengine import AsyncMemoryEngine, ConfigError
from memoryengine.errors import MemoryEngineError

LITTLE, MUCH, TWICE = 0.5, 5.0, 2
WHOLE = "everything"


def rows(names: Sequence[str]) -> list[Row]:
    """The lines to compare: those of the table, and the sets that it leaves out."""
    held = [row for row in ROWS if row.embedder and set(row.sets) <= set(names)]
    seen = {name for row in held for name in row.sets}
    return held + [Row(name, (name,), 0, 0) for name in names if name not in seen]


def measured(bench: Bench, names: Sequence[str], at_once: int) -> dict[str, float] | str:
    """The mean of each line in percent, or why it cannot be measured."""
    work = {name: (bench, name) for name in largest_first(bench.data, names)}
    try:
        sets = dict(runs(work, at_once, lambda _: None))
    except MemoryEngineError as error:
        return error.message.splitlines()[0]
    lines = [line(row, [sets[name] for name in row.sets], bench.modes[-1]) for row in rows(names)]
    return {held.row.label: value(held) for held in lines}


def value(held: Line) -> float:
    """The mean over all questions of a line, in percent."""
    return round(held.all[0], 2)


def losses(whole: Mapping[str, float], less: Mapping[str, float]) -> dict[str, float]:
    """What is lost on each line without a part, in points; below 0 where it is better without."""
    return {label: round(whole[label] - less[label], 2) for label in whole}


def is_worth(lost: Mapping[str, float]) -> bool:
    """Whether a part helps on two lines, or by five points on one."""
    return sum(loss >= LITTLE for loss in lost.values()) >= TWICE or max(lost.values()) >= MUCH


def header(labels: Sequence[str]) -> str:
    """The names of the columns, one a line, and their numbers."""
    named = [f"{number}: {label}" for number, label in enumerate(labels, start=1)]
    return "\n".join(
        [*named, "", f"{'points lost without':<34}" + "".join(f"{n:>7}" for n in range(1, len(labels) + 1))]
    )


def shown(part: str, whole: Mapping[str, float], found: Mapping[str, float] | str) -> str:
    """One line of the table."""
    if isinstance(found, str):
        return f"{part:<34}  cannot be taken out: {found}"
    if part == WHOLE:
        return f"{part:<34}" + "".join(f"{found[label]:>7.1f}" for label in whole)
    lost = losses(whole, found)
    return f"{part:<34}" + "".join(f"{lost[label]:>7.1f}" for label in whole) + ("" if is_worth(lost) else "  *")


def read_arguments() -> argparse.Namespace:
    """The command line: that of evaluate.py, and the parts."""
    parser = argument_parser(__doc__)
    parser.add_argument("--part", action="append", metavar="PART", help="a part; may be repeated (default: all)")
    return checked(parser)


def main() -> None:
    """Measure everything, and then without each part."""
    chosen = read_arguments()
    names, _ = wanted(chosen)
    with stores(chosen.store, chosen.keep) as made:
        bench = bench_of(chosen, made)
        options = {**options_of(bench), "sets": list(names)}
        done: dict[str, Any] = {}
        if chosen.out is not None and chosen.out.is_file():
            held = json.loads(chosen.out.read_text("utf-8"))
            done = held["sets"] if held["options"] == options else {}
        plan = bench.plan(AsyncMemoryEngine({"extends": bench.config}).plan("retrieve_memory"))
        print(header([row.label for row in rows(names)]), flush=True)
        for part in (WHOLE, *(chosen.part or parts(plan))):
            one = bench if part == WHOLE else replace(bench, without=(*bench.without, part))
            if part not in done:
                done[part] = measured(one, names, chosen.parallel)
                write(chosen.out, options, done)
            print(shown(part, done[WHOLE], done[part]), flush=True)
    print(f"* helps by {LITTLE} points on fewer than {TWICE} lines and by {MUCH:g} on none")


if __name__ == "__main__":
    try:
        main()
    except ConfigError as error:
        sys.exit(str(error))
