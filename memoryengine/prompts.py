"""Prompt files beside a worker, in Chinese and English, and the fence that keeps memory text from giving orders.

A file `prompt.zh.yaml` holds `system` and `user`, each a text with `{name}` places. Values that come from people or
models are put in with `fence`, so that whatever they hold, they stay data.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .coerce import as_meant, found, unknown_keys
from .errors import ConfigError, Problem
from .ports import Turn
from .values import LANGUAGES, Language
from .yaml_tree import NOWHERE, Node, read_yaml

PLACE = re.compile(r"\{([a-z_]+)\}")
PARTS = ("system", "user")
_OPENS = re.compile(r"(~{4,})\w+\s*")
_CLOSES = re.compile(r"~{4,}")


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt in every language."""

    texts: Mapping[Language, Mapping[str, str]]

    def turns(self, language: Language, **values: str) -> tuple[Turn, ...]:
        """The system and the user turn in `language`, with `values` in their places.

        Raises `ConfigError` for a place that has no value: which ones a worker fills is known only here.
        """
        texts = self.texts[language]
        unfilled = sorted({name for part in PARTS for name in PLACE.findall(texts[part])} - values.keys())
        if unfilled:
            message = f"The prompt has the place {{{unfilled[0]}}}, which its worker does not fill."
            raise ConfigError(f"{message} It fills: {', '.join(sorted(values)) or 'none'}.")
        filled = {part: PLACE.sub(lambda place: values[place[1]], texts[part]) for part in PARTS}
        return (Turn("system", filled["system"]), Turn("user", filled["user"]))


def fence(label: str, text: str) -> str:
    """`text` between two marks that it cannot hold: the marks are longer than any run of `~` in it.

    The label names what is inside; the first mark says that it is data.
    """
    longest = max((len(run) for run in re.findall(r"~+", text)), default=0)
    mark = "~" * max(4, longest + 1)
    return f"{mark}{label}\n{text}\n{mark}"


def unfenced(text: str) -> str:
    """A text without what stands in it between marks of `fence`: somebody quotes a prompt, and says nothing by it."""
    lines = text.split("\n")
    bare = [line.strip(" \t\r>") for line in lines]  # somebody may have quoted it as in a mail
    closes = {mark: place for place, mark in enumerate(bare) if _CLOSES.fullmatch(mark)}
    kept, inside = [], ""
    for place, line in enumerate(lines):
        opens = _OPENS.fullmatch(bare[place])
        if inside:
            kept += [" "] if bare[place] == inside else []
            inside = "" if bare[place] == inside else inside
        elif opens and closes.get(opens[1], -1) > place:
            inside = opens[1]
        else:
            kept.append(line)
    return "\n".join(kept)


def prompt_files(folder: Path, field: str) -> dict[Language, Path]:
    """Where the prompt of a worker's field lies, in each language."""
    return {language: folder / f"{field}.{language}.yaml" for language in LANGUAGES}


def load_prompt(folder: Path, field: str) -> Prompt:
    """Read a prompt in every language; raises `ConfigError` with all that is missing or wrong.

    Every language must hold the same parts and the same places.
    """
    problems: list[Problem] = []
    files = prompt_files(folder, field)
    roots = {language: _read(file, problems) for language, file in files.items()}
    texts = {language: _texts(root, problems) for language, root in roots.items() if root is not None}
    if not problems:
        problems = _place_problems(files, roots, texts)
    if problems:
        raise ConfigError(problems)
    return Prompt(texts)


def _read(file: Path, problems: list[Problem]) -> Node | None:
    if not file.exists():
        other = file.with_suffix(".yml")
        hint = f"Rename {other.name}." if other.exists() else "A worker beside it needs one for every language."
        problems.append(Problem(str(file), 0, 0, "This prompt file is missing.", hint))
        return None
    root, wrong = read_yaml(file)
    problems += wrong
    if root is not None and not isinstance(root.value, Mapping):
        problems.append(root.place.problem("A prompt file holds two texts, `system` and `user`."))
        return None
    return root


def _texts(root: Node, problems: list[Problem]) -> Mapping[str, str]:
    """The two texts of a file; a problem for each that is missing, no text, or one too many."""
    problems += unknown_keys(root, PARTS, "A prompt file")
    root, texts = as_meant(root, PARTS), {}
    for part in PARTS:
        node = root.get(part)
        if node is None:
            problems.append(root.place.problem(f"A prompt file needs {part!r}, a text."))
        elif node.broken:
            continue
        elif not isinstance(node.value, str) or not node.value.strip():
            hint = "Put it in quotes, or write it as a block that begins with |." if node.value is not None else ""
            problems.append(root.key_place(part).problem(f"{part!r} must be a text, not {found(node)}.", hint))
        else:
            texts[part] = node.value
    return texts


def _place_problems(
    files: Mapping[Language, Path], roots: Mapping[Language, Node | None], texts: Mapping[Language, Mapping[str, str]]
) -> list[Problem]:
    """One problem for each place that another language has and this one lacks."""
    places = {language: set(PLACE.findall(" ".join(held.values()))) for language, held in texts.items()}
    problems = []
    for language, root in roots.items():
        for other in files:
            for name in sorted(places[other] - places[language]):
                message = f"The place {{{name}}} is missing here: {files[other].name} has it."
                at = root.key_place("user") if root else NOWHERE
                problems.append(at.problem(message, "Every language must have the same places."))
    return problems
