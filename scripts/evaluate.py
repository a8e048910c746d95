"""Measure retrieval on evaluation sets: recall@5/10/20 and MRR, beside BM25, the embedder and their plain fusion.

    python scripts/evaluate.py --data DIR [--set NAME ...] [--config FILE] [--mode messages|consolidated|both]
                               [--store sqlite|elasticsearch] [--no-embedder | --embedder FILE.py:CLASS --vectors FILE]
                               [--keep DIR] [--parallel N] [--summary] [--table] [--out FILE]
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
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from evaluation_data import set_names
from evaluation_runs import OFF, Bench, SetRun, run_set
from evaluation_summary import set_table, summary, told
from evaluation_table import ROWS, lines, table
from rich.console import Console
from rich.progress import Progress, TextColumn
from stores import KINDS, Stores, stores

import memoryengine
from memoryengine import ConfigError

DATA = "MEMORYENGINE_EVAL_DATA"
OFF_MARK = ", embedder off"
MODES = ("messages", "consolidated", "both")


def read_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
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
    parser.add_argument("--store", choices=KINDS, default="sqlite", help="where memory is kept (default: sqlite)")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="keep the files of the stores here, and use them again"
    )
    parser.add_argument("--parallel", type=int, default=1, metavar="N", help="so many sets at the same time")
    parser.add_argument("--summary", action="store_true", help="one line a set: recall@10 tuned on, held out and all")
    parser.add_argument("--table", action="store_true", help="the goals: ours beside the best plain method")
    parser.add_argument("--without", action="append", metavar="PART", help="take a worker or a weight out")
    parser.add_argument("--change", action="append", metavar="WORKER.SETTING=VALUE", help="change a worker's setting")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write all numbers as JSON, after each set")
    parser.add_argument("--resume", action="store_true", help="leave out the sets that --out holds already")
    chosen = parser.parse_args()
    if chosen.data is None or not Path(chosen.data).is_dir():
        parser.error(f"--data (or ${DATA}) must name a folder with evaluation sets; it is {chosen.data}.")
    if chosen.resume and chosen.out is None:
        parser.error("--resume needs --out: the file that says what is done.")
    if chosen.vectors and not chosen.embedder:
        parser.error("--vectors needs --embedder: whose vectors they are.")
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
    """Put the numbers into the file whole or not at all."""
    if path is not None:
        draft = path.with_name(f"{path.name}.part")
        whole = {"memoryengine": memoryengine.__version__, "options": options, "sets": sets}
        draft.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", "utf-8")
        draft.replace(path)


def runs(benches: Mapping[str, Bench], at_once: int, tell: Callable[[str], None]) -> Iterator[tuple[str, SetRun]]:
    """The sets as they are done; the greatest files first where several run at the same time."""
    if at_once <= 1 or len(benches) < 2:
        yield from ((key, run_set(bench, set_of(key), tell)) for key, bench in benches.items())
        return
    with ProcessPoolExecutor(at_once, mp_context=get_context("spawn")) as pool:
        work = {pool.submit(run_set, benches[key], set_of(key)): key for key in sorted(benches, key=size_in(benches))}
        for done in as_completed(work):
            tell(f"{work[done]} is done")
            yield work[done], done.result()


def set_of(key: str) -> str:
    """The set that a key of the results stands for."""
    return key.removesuffix(OFF_MARK)


def size_in(benches: Mapping[str, Bench]) -> Callable[[str], int]:
    """How to sort keys by the size of their messages, the greatest first."""
    return lambda key: -(benches[key].data / f"{set_of(key)}.messages.jsonl").stat().st_size


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
        chosen.keep is not None,
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
    chosen = read_arguments()
    names, again = wanted(chosen)
    bar = Progress(TextColumn("{task.description}"), console=Console(stderr=True), transient=True)
    with stores(chosen.store, chosen.keep) as made, bar:
        task = bar.add_task("")
        bench = bench_of(chosen, made)
        options = options_of(bench)
        sets = earlier(chosen, options)
        keys = {f"{name}{OFF_MARK}": replace(bench, embedder=OFF) for name in again}
        keys.update(dict.fromkeys(names, bench))
        brief = chosen.summary or chosen.table
        for key in (key for key in keys if key in sets and not brief):
            print(set_table(key, sets[key]), flush=True)
        waiting = {key: one for key, one in keys.items() if key not in sets}
        for key, run in runs(waiting, chosen.parallel, lambda what: bar.update(task, description=what)):
            sets[key] = told(run)
            write(chosen.out, options, sets)
            if not brief:
                print(set_table(key, sets[key]), flush=True)
    if chosen.summary:
        print(summary({key: sets[key] for key in [*names, *(f"{name}{OFF_MARK}" for name in again)]}))
    if chosen.table:
        without = {name: sets[f"{name}{OFF_MARK}"] for name in again}
        print(table(lines({name: sets[name] for name in names}, without, bench.modes[-1])))


if __name__ == "__main__":
    try:
        main()
    except ConfigError as error:
        sys.exit(str(error))
