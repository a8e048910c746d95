"""Measure retrieval on evaluation sets: recall@5/10/20 and MRR, beside BM25, the embedder and their plain fusion.

    python scripts/evaluate.py --data DIR [--set NAME ...] [--config FILE] [--mode messages|consolidated|both]
                               [--store sqlite|elasticsearch] [--no-embedder | --embedder FILE.py:CLASS --vectors FILE]
                               [--keep DIR] [--parallel N] [--summary] [--table] [--traps] [--report DIR] [--out FILE]
                               [--without WORKER[.WEIGHT] ...] [--change WORKER.SETTING=VALUE ...]

Each conversation becomes one user. Its messages are imported and its questions asked, with the messages alone
(`messages`), and after a consolidation (`consolidated`); a memory that is found counts for the messages it came from,
in rank order without repeats. Questions without evidence are not scored and counted. A question whose moment is not
known is asked when the last message was said. With --keep a later run finds the messages where this one put them.
Settings are chosen by the questions whose SHA-1 begins with 0-7; those held out are the others. --table asks the sets
of evaluation_table.py, one of them once more without the embedder. See evaluation_data.py for the format, and stores.py
for where the Elasticsearch is, and evaluation_parts.py for what may be taken out of the workflow or changed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from evaluation_bench import OFF, Bench
from evaluation_curves import told_curves
from evaluation_data import set_names
from evaluation_report import page, write_page
from evaluation_runs import run_set
from evaluation_summary import set_table, summary, told
from evaluation_table import ROWS, lines, table
from rich.console import Console
from rich.progress import Progress, TextColumn
from stores import KINDS, Stores, stores

import memoryengine
from memoryengine import ConfigError
from memoryengine.clock import SystemClock

DATA = "MEMORYENGINE_EVAL_DATA"
DETAIL = "detail"
OFF_MARK = ", embedder off"
MODES = ("messages", "consolidated", "both")


def argument_parser(description: str | None) -> argparse.ArgumentParser:
    """What a measurement may be told."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get(DATA), help=f"folder of the sets (else ${DATA})")
    parser.add_argument("--set", action="append", metavar="NAME", help="a set; may be repeated (default: all)")
    parser.add_argument("--config", default="embedded", help="config file or stock name (default: embedded)")
    parser.add_argument("--mode", choices=MODES, default="messages", help="what memory holds (default: messages)")
    models = parser.add_mutually_exclusive_group()
    models.add_argument("--no-embedder", action="store_true", help="search by keyword alone")
    models.add_argument("--embedder", metavar="FILE:CLASS", default="", help="a class with `dimensions` and `embed`")
    parser.add_argument("--vectors", type=Path, metavar="FILE", help="keep what --embedder makes here")
    parser.add_argument("--reflect", action="store_true", help="reflect after each consolidation")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N questions of each set")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only each N-th question of each set")
    parser.add_argument("--store", choices=KINDS, default="sqlite", help="where memory is kept (default: sqlite)")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="keep the files of the stores here, and use them again"
    )
    parser.add_argument("--parallel", type=int, default=1, metavar="N", help="so many sets at the same time")
    parser.add_argument("--summary", action="store_true", help="one line a set: recall@10 tuned on, held out and all")
    parser.add_argument("--table", action="store_true", help="the goals: ours beside the best plain method")
    parser.add_argument("--traps", action="store_true", help="how well unanswerable questions are told")
    parser.add_argument("--report", type=Path, metavar="DIR", help="write one HTML page here, with texts of the data")
    parser.add_argument("--without", action="append", metavar="PART", help="take a worker or a weight out")
    parser.add_argument("--change", action="append", metavar="WORKER.SETTING=VALUE", help="change a worker's setting")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write all numbers as JSON, after each set")
    parser.add_argument("--resume", action="store_true", help="leave out the sets that --out holds already")
    return parser


def checked(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """The command line, where it makes sense."""
    chosen = parser.parse_args()
    if chosen.data is None or not Path(chosen.data).is_dir():
        parser.error(f"--data (or ${DATA}) must name a folder with evaluation sets; it is {chosen.data}.")
    if chosen.resume and (chosen.report or chosen.traps):
        parser.error("--report and --traps need what --out does not keep, so they do not go with --resume.")
    if chosen.resume and chosen.out is None:
        parser.error("--resume needs --out: the file that says what is done.")
    if chosen.vectors and not chosen.embedder:
        parser.error("--vectors needs --embedder: whose vectors they are.")
    if chosen.every < 1:
        parser.error(f"--every must be 1 or more; it is {chosen.every}.")
    unknown = set(chosen.set or ()) - set(set_names(chosen.data))
    if unknown:
        parser.error(f"there is no set {min(unknown)!r}; there is: {', '.join(set_names(chosen.data))}.")
    return chosen


def earlier(chosen: argparse.Namespace, options: Mapping[str, Any]) -> dict[str, Any]:
    """The sets that an earlier run with the same options has finished."""
    if not chosen.resume or not chosen.out.is_file():
        return {}
    held = json.loads(chosen.out.read_text("utf-8"))
    if held["options"] != options:
        raise SystemExit(f"{chosen.out} was made with other options: {held['options']}. Choose another --out.")
    sets: dict[str, Any] = held["sets"]
    return sets


def write(path: Path | None, options: Mapping[str, Any], sets: Mapping[str, Any]) -> None:
    """Put the numbers into the file whole or not at all; texts of the data stay out of it."""
    if path is not None:
        draft = path.with_name(f"{path.name}.part")
        kept = {key: {k: v for k, v in one.items() if k != DETAIL} for key, one in sets.items()}
        whole = {"memoryengine": memoryengine.__version__, "options": options, "sets": kept}
        draft.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", "utf-8")
        draft.replace(path)


def runs(
    work: Mapping[str, tuple[Bench, str]], at_once: int, tell: Callable[[str], None], *, detail: bool = False
) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is kept of each set, by the key of its work, as it is done: one after the other, or several at a time."""
    if at_once <= 1 or len(work) < 2:
        yield from ((key, told(run_set(bench, name, tell), detail)) for key, (bench, name) in work.items())
        return
    with ProcessPoolExecutor(at_once, mp_context=get_context("spawn")) as pool:
        asked = {pool.submit(told_of, bench, name, detail): key for key, (bench, name) in work.items()}
        for done in as_completed(asked):
            tell(f"{asked[done]} is done")
            yield asked[done], done.result()


def told_of(bench: Bench, name: str, detail: bool) -> dict[str, Any]:
    """What is kept of a set, made where it was measured."""
    return told(run_set(bench, name), detail)


def largest_first(folder: Path, names: Sequence[str]) -> list[str]:
    """The sets by the size of their messages, so that no long one is left alone at the end."""
    return sorted(names, key=lambda name: -(folder / f"{name}.messages.jsonl").stat().st_size)


def bench_of(chosen: argparse.Namespace, made: Stores) -> Bench:
    """How the run is made that the command line asks for."""
    return Bench(
        chosen.data,
        made,
        chosen.config,
        ("messages", "consolidated") if chosen.mode == "both" else (chosen.mode,),
        OFF if chosen.no_embedder else chosen.embedder,
        chosen.vectors,
        chosen.reflect,
        chosen.limit,
        chosen.every,
        chosen.keep is not None,
        bool(chosen.report or chosen.traps),
        tuple(chosen.without or ()),
        tuple(chosen.change or ()),
    )


def options_of(bench: Bench) -> dict[str, Any]:
    """What makes the numbers of two runs different."""
    return {
        "config": bench.config,
        "store": "elasticsearch" if bench.stores.url else "sqlite",
        "modes": list(bench.modes),
        "embedder": bench.embedder,
        "reflect": bench.reflect,
        "limit": bench.limit,
        "every": bench.every,
        "without": list(bench.without),
        "changes": list(bench.changes),
    }


def wanted(chosen: argparse.Namespace) -> tuple[list[str], list[str]]:
    """The sets to measure, and those to measure once more with the embedder off."""
    there = chosen.set or set_names(chosen.data)
    if not chosen.table:
        return there, []
    rows = [row for row in ROWS if set(row.sets) <= set(there)]
    off = list(dict.fromkeys(name for row in rows if not row.embedder for name in row.sets))
    return chosen.set or list(dict.fromkeys(name for row in rows for name in row.sets)), off


def main() -> None:
    """Measure every chosen set and print its table."""
    chosen = checked(argument_parser(__doc__))
    names, again = wanted(chosen)
    bar = Progress(TextColumn("{task.description}"), console=Console(stderr=True), transient=True)
    with stores(chosen.store, chosen.keep) as made, bar:
        task = bar.add_task("")
        bench = bench_of(chosen, made)
        options = options_of(bench)
        sets = earlier(chosen, options)
        order = largest_first(chosen.data, names) if chosen.parallel > 1 else names
        work = {name: (bench, name) for name in order}
        work.update((f"{name}{OFF_MARK}", (replace(bench, embedder=OFF), name)) for name in again)
        brief = chosen.summary or chosen.table
        for key in (key for key in work if key in sets and not brief):
            print(set_table(key, sets[key]), flush=True)
        waiting = {key: one for key, one in work.items() if key not in sets}
        tell = lambda what: bar.update(task, description=what)  # noqa: E731
        for key, measured in runs(waiting, chosen.parallel, tell, detail=bool(chosen.report or chosen.traps)):
            sets[key] = measured
            write(chosen.out, options, sets)
            if not brief:
                print(set_table(key, measured), flush=True)
    show(chosen, names, again, sets, bench.modes[-1])


def show(
    chosen: argparse.Namespace, names: Sequence[str], again: Sequence[str], sets: Mapping[str, Any], mode: str
) -> None:
    """Print the tables that were asked for, and write the page."""
    without = {name: sets[f"{name}{OFF_MARK}"] for name in again}
    held = {name: sets[name] for name in names}
    goals = lines(held, without, mode)
    if chosen.summary:
        print(summary({**held, **{f"{name}{OFF_MARK}": one for name, one in without.items()}}))
    if chosen.table:
        print(table(goals))
    if chosen.traps:
        print(told_curves(held))
    if chosen.report:
        models = sorted({one["embedder"] or "off" for one in held.values()})
        about = {
            "memoryengine": memoryengine.__version__,
            "config": chosen.config,
            "embedder": ", ".join(models),
            "store": chosen.store,
            "date": SystemClock().now().strftime("%Y-%m-%d %H:%M UTC"),
        }
        print(write_page(chosen.report, page(held, goals, about, mode)))


if __name__ == "__main__":
    try:
        main()
    except ConfigError as error:
        sys.exit(str(error))
