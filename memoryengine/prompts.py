"""Prompt files beside a worker, in Chinese and English, and the fence that keeps memory text from giving orders.

A file `prompt.zh.yaml` holds `system` and `user`, each a text with `{name}` places. Values that come from people or
models are put in with `fence`, so that whatever they hold, they stay data.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from .errors import ConfigError, Problem
from .ports import Turn
from .values import LANGUAGES, Language

PLACE = re.compile(r"\{([a-z_]+)\}")
PARTS = ("system", "user")


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt in every language."""

    texts: Mapping[Language, Mapping[str, str]]

    def turns(self, language: Language, **values: str) -> tuple[Turn, ...]:
        """The system and the user turn in `language`, with `values` in their places.

        Raises KeyError for a place that has no value: the places are checked when the prompt is loaded.
        """
        texts = self.texts[language]
        filled = {part: PLACE.sub(lambda place: values[place[1]], texts[part]) for part in PARTS}
        return (Turn("system", filled["system"]), Turn("user", filled["user"]))


def fence(label: str, text: str) -> str:
    """`text` between two marks that it cannot hold: the marks are longer than any run of `~` in it.

    The label names what is inside; the first mark says that it is data.
    """
    longest = max((len(run) for run in re.findall(r"~+", text)), default=0)
    mark = "~" * max(4, longest + 1)
    return f"{mark}{label}\n{text}\n{mark}"


def prompt_files(folder: Path, field: str) -> dict[Language, Path]:
    """Where the prompt of a worker's field lies, in each language."""
    return {language: folder / f"{field}.{language}.yaml" for language in LANGUAGES}


def load_prompt(folder: Path, field: str) -> Prompt:
    """Read a prompt in every language; raises `ConfigError` with all that is missing or wrong.

    Every language must hold the same parts and the same places.
    """
    problems: list[Problem] = []
    texts: dict[Language, Mapping[str, str]] = {}
    for language, file in prompt_files(folder, field).items():
        texts[language] = _read(file, problems)
    if not problems:
        problems = _place_problems(folder, field, texts)
    if problems:
        raise ConfigError(problems)
    return Prompt(texts)


def _read(file: Path, problems: list[Problem]) -> Mapping[str, str]:
    try:
        held = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        problems.append(Problem(str(file), 0, 0, "This prompt file is missing.", "Every language needs one."))
        return {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        problems.append(Problem(str(file), 0, 0, f"This prompt file is no YAML: {' '.join(str(error).split())}"))
        return {}
    if not isinstance(held, dict) or set(held) != set(PARTS) or not all(isinstance(v, str) for v in held.values()):
        problems.append(Problem(str(file), 1, 1, "A prompt file holds two texts, `system` and `user`, and no more."))
        return {}
    return held


def _place_problems(folder: Path, field: str, texts: Mapping[Language, Mapping[str, str]]) -> list[Problem]:
    places = {language: set(PLACE.findall(" ".join(held.values()))) for language, held in texts.items()}
    if len(set(map(frozenset, places.values()))) == 1:
        return []
    shown = "; ".join(f"{language}: {', '.join(sorted(held))}" for language, held in places.items())
    return [Problem(str(folder / f"{field}.*.yaml"), 0, 0, f"The languages have different places ({shown}).")]
