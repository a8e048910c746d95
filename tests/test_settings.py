"""The settings reader: stock configs, defaults, `extends`, keys, paths, and every problem at once."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from memoryengine.assembly import build_store
from memoryengine.config_files import stock_configs
from memoryengine.config_specs import STORES
from memoryengine.errors import ConfigError
from memoryengine.settings import ChatSettings, Limits, Settings, load_settings, locale, read_settings
from memoryengine.stores.elasticsearch import ElasticsearchStore
from memoryengine.stores.sqlite import SqliteStore
from memoryengine.values import Locale

HOME = {"HOME": "/home/ann"}
KEY = {"SILICONFLOW_API_KEY": "sk-a-very-secret-key"}


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def wrong(file: Path, environ: Mapping[str, str] = HOME) -> list[str]:
    settings, problems = read_settings(file, environ=environ)
    assert isinstance(settings, Settings)
    return [str(problem).removeprefix(f"{file}:") for problem in problems]


# --- stock configs ---


def test_the_default_needs_no_service_and_no_key() -> None:
    settings = load_settings(environ=HOME)
    assert settings.models.chat == {"use": "offline"}
    assert settings.models.embedder == {"use": "lexical", "dimensions": 512}
    assert settings.models.reranker is None
    assert settings.store == {"use": "sqlite", "path": "/home/ann/.memoryengine/embedded.db"}
    assert settings.instances["extract_observations"].use == "extract_observations_by_rule"
    assert settings.workers == ("memoryengine.workers",)
    assert settings.workflows == ("stock",)
    assert settings.missing == settings.warnings == ()


@pytest.mark.parametrize("name", sorted(stock_configs()))
def test_every_stock_config_is_sound_without_any_variable(name: str) -> None:
    settings, problems = read_settings(name, environ=HOME)
    assert problems == []
    assert settings.warnings == ()
    assert len(settings.missing) == (0 if name in ("embedded", "elasticsearch") else 1)
    places = {
        "sqlite": ("path", f"/home/ann/.memoryengine/{name}.db"),
        "elasticsearch": ("url", "http://127.0.0.1:9200"),
    }
    key, place = places[str(settings.store["use"])]
    assert settings.store[key] == place


@pytest.mark.parametrize("name", ["embedded", "embedded.yaml", "configs/embedded.yaml", "configs/embedded"])
def test_a_stock_config_is_found_by_name_from_anywhere(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings(name, environ=HOME)
    assert settings.file == str(stock_configs()["embedded"])
    local = write(tmp_path / name, "language: zh\n")
    here = load_settings(name, environ=HOME)
    assert here.file == str(local)
    assert here.language == "zh"


def test_a_config_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        load_settings("embeded", environ=HOME)
    assert str(caught.value).startswith("There is no config 'embeded'. Did you mean 'embedded'? Stock configs are:")
    with pytest.raises(ConfigError, match="There is no config '/none/embedded\\.yaml'"):
        load_settings("/none/embedded.yaml", environ=HOME)
    with pytest.raises(ConfigError, match="is a folder"):
        load_settings(tmp_path, environ=HOME)


def test_siliconflow_says_what_the_service_needs() -> None:
    settings = load_settings("siliconflow", environ={**HOME, **KEY, "SILICONFLOW_API_BASE": "http://127.0.0.1:9/v1"})
    assert settings.missing == ()
    assert settings.models.chat == {
        "use": "openai_like",
        "model": "Qwen/Qwen2.5-7B-Instruct",
        "api_base": "http://127.0.0.1:9/v1",
        "api_key": "sk-a-very-secret-key",
    }
    assert settings.models.embedder is not None
    assert (settings.models.embedder["model"], settings.models.embedder["dimensions"]) == ("BAAI/bge-m3", 1024)
    assert settings.models.reranker is not None
    assert settings.models.reranker["model"] == "BAAI/bge-reranker-v2-m3"


def test_openai_like_is_all_by_environment() -> None:
    environ = {
        **HOME,
        "OPENAI_API_KEY": "123456",
        "OPENAI_CHAT_MODEL": "7b",
        "OPENAI_API_BASE": "http://127.0.0.1:9",
        "OPENAI_EMBEDDING_DIMENSIONS": "384",
        "MEMORYENGINE_HOME": "/data",
    }
    settings = load_settings("openai_like", environ=environ)
    assert settings.models.chat is not None
    assert settings.models.chat["api_key"] == "123456"  # a text, though it looks like a number
    assert settings.models.embedder is not None
    assert settings.models.embedder["dimensions"] == 384
    assert settings.store["path"] == "/data/openai_like.db"


# --- keys ---


def test_a_key_that_is_missing_is_one_sentence_and_hinders_nothing_else() -> None:
    settings = load_settings("siliconflow", environ=HOME)
    assert [problem.message for problem in settings.missing] == [
        "The environment variable SILICONFLOW_API_KEY is not set; "
        "it holds the key of models.chat, models.embedder, models.reranker."
    ]
    assert settings.missing[0].line > 0
    assert "export SILICONFLOW_API_KEY=" in settings.missing[0].hint
    empty = load_settings("siliconflow", environ={**HOME, "SILICONFLOW_API_KEY": ""})
    assert empty.missing == settings.missing


def test_a_key_in_the_file_works_with_a_warning_that_does_not_print_it(tmp_path: Path) -> None:
    text = "models:\n  embedder: {use: siliconflow, api_key: sk-literal-secret}\n"
    file = write(tmp_path / "c.yaml", text + "  reranker: {use: siliconflow, api_key: none}\n")
    settings = load_settings(file, environ=HOME)
    assert settings.models.embedder is not None
    assert settings.models.embedder["api_key"] == "sk-literal-secret"
    assert [(p.line, p.message.partition(",")[0]) for p in settings.warnings] == [
        (2, "The key of models.embedder stands in the file itself")
    ]
    assert "sk-literal" not in str(settings.warnings[0])


def test_no_problem_prints_a_key(tmp_path: Path) -> None:
    text = """\
models:
  chat: {use: openai_like, api_key: "sk-secret ", model: 5, api_base: nowhere, api_kye: sk-secret}
  embedder: {use: siliconflow, api_key: [sk-secret]}
store: {use: sqlite, path: x.db, password: sk-secret}
"""
    settings, problems = read_settings(write(tmp_path / "c.yaml", text), environ=HOME)
    assert len(problems) >= 6
    assert not any("sk-secret" in str(p) for p in (*problems, *settings.warnings, *settings.missing))
    assert all(p.line in (2, 3, 4) for p in problems)


# --- parts ---


def test_everything_that_a_config_may_say(tmp_path: Path) -> None:
    file = write(
        tmp_path / "c.yaml",
        """\
language: zh
time_zone: Asia/Shanghai
human_name: 小明
assistant_name: 小助手
namespace: home
store: {use: sqlite, path: data/x.db, patience: 5}
models:
  chat: null
  embedder: {class: "./mine.py:Embedder", size: 3}
workers: [memoryengine.workers, ./my_workers, ~/more/workers]
workflows: [stock, my_workflows]
instances:
  find_all: {use: search_memories, top_k: 1000}
  search_memories: {top_k: 5}
chat: {history: 6, memories: 3}
limits: {run_seconds: 10, embed_batch: 8}
""",
    )
    write(tmp_path / "mine.py", "class Embedder: ...\n")
    settings = load_settings(file, environ=HOME)
    assert settings.file == str(file)
    assert locale(settings) == Locale("zh", ZoneInfo("Asia/Shanghai"), "小明", "小助手")
    assert settings.namespace == "home"
    assert settings.store == {"use": "sqlite", "path": str(tmp_path / "data/x.db"), "patience": 5}
    assert settings.models.chat is None
    assert settings.models.embedder == {"class": f"{tmp_path / 'mine.py'}:Embedder", "size": 3}
    assert settings.workers == ("memoryengine.workers", str(tmp_path / "my_workers"), "/home/ann/more/workers")
    assert settings.workflows == ("stock", str(tmp_path / "my_workflows"))
    assert settings.instances["find_all"].use == "search_memories"
    assert settings.instances["find_all"].settings["top_k"].value == 1000
    assert settings.instances["search_memories"].use == "search_memories"
    assert settings.chat == ChatSettings(6, 3)
    assert settings.limits == Limits(10.0, 8)
    assert (settings.places["workers[1]"].line, settings.places["models.embedder"].line) == (10, 9)


def test_a_mapping_is_a_config_too() -> None:
    config = {
        "extends": "embedded",
        "human_name": "${NAME:-Bob}",
        "limits": {"embed_batch": 2},
        "chat": {"history": None},
    }
    settings = load_settings(config, environ=HOME)
    assert settings.file == ""
    assert settings.human_name == "Bob"
    assert settings.limits == Limits(300.0, 2)
    assert settings.chat.history is None
    assert "extract_observations" in settings.instances
    with pytest.raises(ConfigError, match="`limits` has no 'embed_bach'"):
        load_settings({"limits": {"embed_bach": 2}}, environ=HOME)


def test_the_zone_of_the_machine() -> None:
    settings = load_settings(environ=HOME)
    assert settings.time_zone == "local"
    assert locale(settings).zone.key == os.environ["TZ"] == "Asia/Shanghai"
    assert locale(settings).language is None


def test_the_keys_of_a_store_are_those_it_takes() -> None:
    taken = [name for name in inspect.signature(SqliteStore).parameters if name != "self"]
    assert sorted(inspect.signature(STORES["sqlite"]).parameters) == sorted(taken)
    assert "path" in taken
    taken = [name for name in inspect.signature(ElasticsearchStore).parameters if name != "node_class"]
    assert sorted(inspect.signature(STORES["elasticsearch"]).parameters) == sorted(taken)


def test_a_store_without_a_path_lies_where_data_lies() -> None:
    settings = load_settings({"store": {"use": "sqlite"}}, environ={"MEMORYENGINE_HOME": "/data"})
    own = load_settings({"store": {"class": f"{SqliteStore.__module__}:SqliteStore", "url": "x"}}, environ=HOME)
    assert settings.store == {"use": "sqlite", "path": "/data/embedded.db"}
    assert own.store == {"class": f"{SqliteStore.__module__}:SqliteStore", "url": "x"}
    assert "path" not in own.store


def test_a_relative_home_lies_where_the_program_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "sub/c.yaml", "extends: embedded\n")
    write(tmp_path / "sub/own.yaml", "store: {use: sqlite, path: '${WHERE}/x.db'}\n")
    environ = {"MEMORYENGINE_HOME": "data", "WHERE": "here"}
    for config in (None, "embedded", stock_configs()["embedded"].resolve(), "sub/c.yaml", {"store": {"use": "sqlite"}}):
        path = Path(str(load_settings(config, environ=environ).store["path"]))
        assert path.parent == tmp_path / "data"
    assert load_settings("sub/own.yaml", environ=environ).store["path"] == str(tmp_path / "sub/here/x.db")
    assert not (stock_configs()["embedded"].parent / "data").exists()


# --- extends ---


def test_one_config_over_another(tmp_path: Path) -> None:
    write(tmp_path / "base/base.yaml", "extends: embedded\nworkers: [./base_workers]\nhuman_name: Ann\n")
    file = write(
        tmp_path / "c.yaml",
        """\
extends: base/base.yaml
language: en
models: {embedder: null}
workers: [./mine]
workflows: [./flows]
instances: {filter_messages: {use: filter_messages}, extra: {use: fuse_hits}}
limits: {embed_batch: 3}
""",
    )
    settings = load_settings(file, environ=HOME)
    assert settings.workers == ("memoryengine.workers", str(tmp_path / "base/base_workers"), str(tmp_path / "mine"))
    assert settings.workflows == ("stock", str(tmp_path / "flows"))
    assert settings.models.chat == {"use": "offline"}
    assert settings.models.embedder is None
    assert settings.instances["filter_messages"].use == "filter_messages"
    assert settings.instances["find_conflicts"].use == "find_conflicts_by_rule"
    assert settings.instances["extra"].use == "fuse_hits"
    assert (settings.language, settings.human_name) == ("en", "Ann")
    assert settings.limits == Limits(300.0, 3)


def test_problems_of_an_extended_config_have_its_own_lines(tmp_path: Path) -> None:
    base = write(tmp_path / "base.yaml", "language: en\nlimits: {run_seconds: x}\n")
    file = write(tmp_path / "c.yaml", "extends: ./base.yaml\nlimits: {embed_batch: y}\n")
    settings, problems = read_settings(file, environ=HOME)
    assert [(p.file, p.line) for p in problems] == [(str(base), 2), (str(file), 2)]
    assert settings.limits == Limits()
    assert settings.language == "en"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("extends: c.yaml\n", "1:10: The config extends itself."),
        ("extends: embeded\n", "1:10: There is no config 'embeded'. Did you mean 'embedded'?"),
        ("extends: [a]\n", "1:10: `extends` must be the name of one config, not a list."),
        ("extends: ~nobody_there/c.yaml\n", "1:10: There is no config '~nobody_there/c.yaml'. Give the path of a file"),
        ("extends: other.yaml\n", "extend each other in a circle: c.yaml -> other.yaml -> c.yaml."),
    ],
)
def test_extending_what_cannot_be_extended(tmp_path: Path, text: str, message: str) -> None:
    write(tmp_path / "other.yaml", "extends: c.yaml\n")
    problems = wrong(write(tmp_path / "c.yaml", text))
    assert len(problems) == 1
    assert message in problems[0]
    assert wrong(tmp_path / "other.yaml") != []


def test_a_key_whose_entries_are_commented_out_says_nothing(tmp_path: Path) -> None:
    empty = "models:\n  # chat: null\nlimits:\nchat:\ninstances:\nworkers:\nworkflows:\n"
    write(tmp_path / "base.yaml", "extends: embedded\nlimits: {embed_batch: 3}\nworkers: [./w]\nmodels: {chat: null}\n")
    over = load_settings(write(tmp_path / "c.yaml", f"extends: base.yaml\n{empty}"), environ=HOME)
    assert over.limits.embed_batch == 3
    assert over.workers == ("memoryengine.workers", str(tmp_path / "w"))
    assert over.models.chat is None
    assert over.instances["find_conflicts"].use == "find_conflicts_by_rule"
    alone = load_settings(write(tmp_path / "d.yaml", empty), environ=HOME)
    assert alone.limits == Limits()
    assert alone.workers == ("memoryengine.workers",)
    assert alone.models.chat == {"use": "offline"}


def test_a_local_config_may_extend_the_stock_one_of_its_own_name(tmp_path: Path) -> None:
    file = write(tmp_path / "embedded.yaml", "extends: embedded.yaml\nlanguage: zh\n")
    settings = load_settings(file, environ=HOME)
    assert settings.language == "zh"
    assert "filter_messages" in settings.instances
    assert settings.file == str(file)


# --- problems ---


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lang: en\n", "1:1: The config has no 'lang'. Did you mean 'language'?"),
        ("language: cn\n", "1:11: `language` must be 'auto' or 'zh' or 'en', not 'cn'."),
        ("time_zone: Asia/Shanghia\n", "1:12: There is no time zone 'Asia/Shanghia'. Did you mean 'Asia/Shanghai'?"),
        ("time_zone: UTC+8\n", "1:12: There is no time zone 'UTC+8'. Write one as in Asia/Shanghai"),
        ("time_zone: ../etc/passwd\n", "1:12: There is no time zone '../etc/passwd'."),
        ("human_name: ${NOBODY}\n", "1:13: The environment variable NOBODY is not set."),
        ("store: {use: sqlit}\n", "1:9: There is no store 'sqlit'. Did you mean 'sqlite'?"),
        ("store: {use: sqlite, pth: x}\n", "1:22: The store 'sqlite' has no 'pth'. Did you mean 'path'?"),
        ("store: {path: x}\n", "1:8: `store` must have either `use` or `class`."),
        ("store: null\n", "1:8: `store` must say where memory lives"),
        ("store: here\n", "1:8: `store` must be a mapping with `use` or `class`, not 'here'."),
        ('human_name: "a\\0b"\n', "1:13: `human_name` holds the character U+0000, which no name has. Take it out."),
        ('assistant_name: "\\ud800"\n', "1:17: `assistant_name` holds the character U+D800"),
        ('namespace: "a\\nb"\n', "1:12: `namespace` holds the character U+000A"),
        ("store: {use: sqlite, path: 5}\n", "1:28: `store.path` must be a text or null, not 5. Put it in quotes."),
        ("store: {use: sqlite, path: ' '}\n", "1:22: `store` cannot be used: `path` must name a file on disk"),
        ("store: {use: sqlite, path: ':memory:'}\n", "1:22: `store` cannot be used: `path` must name a file on disk"),
        ("store: {use: sqlite, path: $HOME/x.db}\n", "`store.path` begins with $HOME, which is not filled in. Write"),
        ("store: {use: sqlite, cache_documents: -1}\n", "1:22: `store` cannot be used: `cache_documents` is -1"),
        ("store: {use: sqlite, cache_documents: all}\n", "1:39: `store.cache_documents` must be a whole number"),
        ("store: {use: sqlite, patience: long}\n", "1:32: `store.patience` must be a number or null, not 'long'."),
        ("store: {use: sqlite, patience: .nan}\n", "1:22: `store` cannot be used: `patience` must lie between 0 and"),
        ("store: {class: 5}\n", "1:9: store.class must be like package.module:Class or ./file.py:Class, not 5."),
        ("store: {class: 'no_such.module:Store'}\n", "1:9: store.class: there is no module 'no_such.module'"),
        ("store: {class: './none.py:Store'}\n", "1:9: store.class: there is no file"),
        ("models: {chat: offline}\n", "1:16: `models.chat` must be a mapping with `use` or `class`, not 'offline'."),
        (
            "models: {chat: {use: openai_like, model: m, api_base: 'http://x', api_key: $MY_KEY}}\n",
            "1:76: `models.chat.api_key` begins with $MY_KEY, which is not filled in. Write ${MY_KEY}.",
        ),
        ("language: ZH\n", "1:11: `language` must be 'auto' or 'zh' or 'en', not 'ZH'. Did you mean 'zh'?"),
        ("language: '${open'\n", "1:11: '${open' names no environment variable."),
        ("limits: !x {run_seconds: 5}\n", "1:9: The tag !x is not allowed here."),
        ("models: !x {}\nlanguage: en\n", "1:9: The tag !x is not allowed here."),
        ("store: !x {}\n", "1:8: The tag !x is not allowed here."),
        ("extends: !x a\n", "1:10: The tag !x is not allowed here."),
        ("workers: [!x a]\n", "1:11: The tag !x is not allowed here."),
        ("instances: {a: !x b}\n", "1:16: The tag !x is not allowed here."),
        ("models: {chat: {use: offlin}}\n", "Did you mean 'offline'?"),
        ("models: {chat: {use: offline, modle: x}}\n", "1:31: models.chat: there is no setting 'modle'."),
        ("models: {embedder: {use: lexical, dimensions: 1}}\n", "models.embedder.dimensions must lie between"),
        ("models: {rerank: null}\n", "1:10: `models` has no 'rerank'. Did you mean 'reranker'?"),
        ("models: [a]\n", "1:9: `models` must be a mapping, not a list."),
        ("workers: ./mine\n", "1:10: `workers` must be a list, not './mine'. Write workers: [./mine]."),
        ("workers: [1]\n", "1:11: Each of `workers` must be a text, not 1."),
        ("instances: [a]\n", "1:12: `instances` must be a mapping, not a list."),
        ("instances: {a: b}\n", "1:13: The instance 'a' must be a mapping that names its worker"),
        ("chat: {history: some}\n", "`chat.history` must be a whole number or 'auto' or null, not 'some'."),
        ("limits: {run_seconds: 0}\n", "`limits` cannot be used: `run_seconds` must be a number above 0"),
        ("limits: {embed_batch: 4, run_seconds: .inf}\n", "1:26: `limits` cannot be used: `run_seconds`"),
        ("- a\n", "1:1: A config holds a mapping"),
        ("", "1:1: The file is empty."),
        ("a:\n\t- b\n", "2:1: A tab stands where YAML wants spaces."),
        ("language: en\nlanguage: zh\n", "2:1: The key 'language' stands here twice."),
        ("memory_chat: {cli_memory_chat: {class: x}}\nmodel: {}\n", "1:1: This is a config of MemoryScope; make one"),
        ("generation_model: {class: core.models.x}\n", "1:1: This is a config of MemoryScope; make one"),
    ],
)
def test_a_problem_is_told_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    problems = wrong(write(tmp_path / "c.yaml", text))
    assert len(problems) == 1
    assert message in problems[0]
    with pytest.raises(ConfigError) as caught:
        load_settings(tmp_path / "c.yaml", environ=HOME)
    assert len(caught.value.problems) == 1


def test_every_bound_that_is_broken_is_told_at_its_key(tmp_path: Path) -> None:
    text = "limits:\n  run_seconds: 0\n  embed_batch: 0\nchat:\n  history: -1\n  memories: -2\n"
    problems = wrong(write(tmp_path / "c.yaml", text))
    assert [problem.partition(" ")[0] for problem in problems] == ["5:3:", "6:3:", "2:3:", "3:3:"]
    assert "`history` is -1, and may not be below 0." in problems[0]
    assert "`embed_batch` must be at least 1, not 0." in problems[3]


def test_one_wrong_entry_hides_no_other(tmp_path: Path) -> None:
    text = """\
store: {use: sqlite, path: $HOME/x.db, cache: 5}
models:
  chat: {use: openai_like, model: m, api_base: "${NO_BASE}", temperature: 7, api_key: "${NO_KEY}"}
  embedder: {class: $HERE/x.py:Embedder, dimensions: 0}
"""
    settings, problems = read_settings(write(tmp_path / "c.yaml", text), environ=HOME)
    assert [(p.line, p.message.partition(" ")[0]) for p in problems] == [
        (3, "The"),
        (3, "models.chat.temperature"),
        (4, "`models.embedder.class`"),
        (4, "models.embedder.dimensions"),
        (1, "`store.path`"),
        (1, "The"),
    ]
    assert "NO_BASE" in problems[0].message
    assert "has no 'cache'" in problems[5].message
    assert [p.message.split()[3] for p in settings.missing] == ["NO_KEY"]


def test_a_store_of_ones_own_is_made_from_a_file_beside_the_config(tmp_path: Path) -> None:
    write(tmp_path / "stores/mine.py", "from memoryengine.stores.sqlite import SqliteStore\n\n"
          "class Mine(SqliteStore): ...\n\nclass Other: ...\n")  # fmt: skip
    file = write(tmp_path / "c.yaml", "store: {class: './stores/mine.py:Mine', path: data/x.db}\n")
    settings = load_settings(file, environ=HOME)
    made = build_store(settings.store)
    assert type(made).__name__ == "Mine"
    assert isinstance(made, SqliteStore)
    assert made.path == tmp_path / "data/x.db"
    misspelt = wrong(write(file, "store: {class: './stores/mine.py:Mien'}\n"))
    assert misspelt[0].startswith("1:9: store.class: there is no class 'Mien' in ")
    with pytest.raises(ConfigError, match=r"Other is no Store of memoryengine\.ports: it has no append, attach"):
        build_store(load_settings(write(file, "store: {class: './stores/mine.py:Other'}\n"), environ=HOME).store)
    with pytest.raises(ConfigError, match=r"store: Mine takes no setting 'pth'\. Did you mean 'path'"):
        build_store(load_settings(write(file, "store: {class: './stores/mine.py:Mine', pth: x}\n"), environ=HOME).store)


def test_a_number_may_come_from_a_variable_in_quotes(tmp_path: Path) -> None:
    text = 'models: {embedder: {use: lexical, dimensions: "${D:-64}"}}\nhuman_name: "${N:-5}"\n'
    file = write(tmp_path / "c.yaml", text)
    assert load_settings(file, environ=HOME).models.embedder == {"use": "lexical", "dimensions": 64}
    assert load_settings(file, environ=HOME).human_name == "5"
    assert load_settings(file, environ={**HOME, "D": "128"}).models.embedder == {"use": "lexical", "dimensions": 128}


def test_nothing_that_is_no_path_ends_in_a_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for config in ("language: zh\n" * 500, "a\0b", "~nobody_there/c.yaml", "x" * 5000):
        with pytest.raises(ConfigError, match="There is no config") as caught:
            load_settings(config, environ=HOME)
        assert len(str(caught.value)) < 400
    for odd in (5, b"embedded", ["embedded"], {"a"}):
        with pytest.raises(ConfigError, match=f"A config cannot be of type {type(odd).__name__}\\."):
            load_settings(odd, environ=HOME)  # type: ignore[arg-type]  # what this test is about
    loop: dict[str, object] = {}
    loop["models"] = loop
    with pytest.raises(ConfigError, match="`models` holds a value that it is itself part of"):
        load_settings(loop, environ=HOME)


def test_no_config_is_the_stock_one_whatever_lies_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "embedded", "language: zh\n")
    assert load_settings(environ=HOME).language == "auto"
    assert load_settings(environ=HOME).file == str(stock_configs()["embedded"])
    assert load_settings("embedded", environ=HOME).language == "zh"


def test_all_problems_are_told_at_once_and_the_rest_is_there(tmp_path: Path) -> None:
    file = write(tmp_path / "c.yaml", "language: cn\nlimits: {x: 1}\nstore: {}\nhuman_name: Ann\nmore: 1\n")
    settings, problems = read_settings(file, environ=HOME)
    assert sorted(p.line for p in problems) == [1, 2, 3, 5]
    assert settings.human_name == "Ann"
    assert settings.language == "auto"
    with pytest.raises(ConfigError, match="4 problems were found"):
        load_settings(file, environ=HOME)
