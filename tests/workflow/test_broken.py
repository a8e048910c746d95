"""One folder with a broken config, broken workers, broken prompts and broken workflows: all of it told in one run.

What is expected stands in the files themselves: behind each `# !` a part of the problem of that very line.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from memoryengine.assembly import Checked, check_config

BROKEN = Path(__file__).parent / "broken"
ELSEWHERE = [  # where no comment can stand
    ("flows/tab.yaml", 3, "A tab stands where YAML wants spaces"),
    ("flows/empty.yaml", 1, "The file is empty"),
    ("flows/latin.yaml", 1, "The file is not UTF-8 text"),
    ("flows/no_name.yaml", 1, "A workflow needs 'operation'"),
    ("flows/no_name.yaml", 2, "`steps` must be a list"),
    ("workers/needs_prompts/prompt.en.yaml", 0, "This prompt file is missing"),
]


def marked() -> list[tuple[str, int, str]]:
    found = []
    for file in (*BROKEN.rglob("*.yaml"), *BROKEN.rglob("*.py")):
        for number, line in enumerate(file.read_bytes().decode("latin-1").splitlines(), 1):
            parts = [] if line.startswith("#") else line.split("# !")[1:]
            found += [(file.relative_to(BROKEN).as_posix(), number, part.strip()) for part in parts]
    return found


@pytest.fixture(scope="module")
def checked() -> Checked:
    return check_config(BROKEN / "broken.yaml", {"HOME": "/home/somebody"})


def test_every_problem_is_reported_at_its_line(checked: Checked) -> None:
    wanted = marked() + ELSEWHERE
    left = [(Path(p.file).resolve().relative_to(BROKEN.resolve()).as_posix(), p.line, str(p)) for p in checked.problems]
    missing = []
    for file, line, text in sorted(wanted):
        hits = [held for held in left if held[:2] == (file, line) and text in held[2]]
        if hits:
            left.remove(hits[0])
        else:
            missing.append((file, line, text))
    assert missing == []
    assert left == [], "problems that nothing in the files announces"
    assert len(wanted) >= 75


def test_every_problem_has_a_file_a_place_and_ends_as_a_sentence(checked: Checked) -> None:
    placed = [p for p in checked.problems if not p.file.endswith("prompt.en.yaml")]
    assert all(p.line > 0 and p.column > 0 for p in placed)
    assert all(p.message.endswith(".") and (not p.hint or p.hint[-1] in ".'`?") for p in checked.problems)
    assert all(Path(p.file).is_file() or p.file.endswith("prompt.en.yaml") for p in checked.problems)


def test_what_is_sound_is_known_all_the_same(checked: Checked) -> None:
    assert checked.plans == {}
    assert {"find", "blend", "count"} <= set(checked.workers)
    assert checked.settings.language == "auto"
    assert checked.settings.limits.run_seconds == 300
