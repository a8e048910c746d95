"""No key in a log, a repr, an error, a traceback or an event of LlamaIndex."""

from __future__ import annotations

import io
import logging
import traceback
from typing import Any

import pytest
from llama_index.core.base.llms.types import CompletionResponse, CompletionResponseGen, LLMMetadata
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.llms import CustomLLM
from llama_index_instrumentation import get_dispatcher

from memoryengine.errors import ModelAnswerError, ModelError
from memoryengine.models.build import check_spec
from memoryengine.models.failures import Asked, failure, shown_url
from memoryengine.models.llama_index import LlamaIndexChat
from memoryengine.models.siliconflow_embedding import SiliconFlowEmbedding
from memoryengine.models.siliconflow_rerank import SiliconFlowRerank
from memoryengine.models.specs import ChatSettings, ModelKind
from memoryengine.ports import Turn
from memoryengine.testing.siliconflow_server import CUT, MALFORMED, Fault, SiliconFlowServer

from .conftest import Build

WRONG = "sk-wrong-abcdefghijk"


@pytest.fixture
def log() -> Any:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


async def every_call(build: Build, key: str) -> list[str]:
    """What each model says when it fails, with tracebacks."""
    chat, embedder = build.chat(api_key=key, retries=0), build.embedder(api_key=key, retries=0)
    reranker = build.reranker(api_key=key, retries=0)
    said = [repr(model) + str(model) + repr(vars(model)) for model in (chat, embedder, reranker)]
    for call in (
        lambda: chat.chat([Turn("user", "a")]),
        lambda: anext(aiter(chat.stream([Turn("user", "a")]))),
        lambda: embedder.embed(["a"]),
        lambda: reranker.rerank("a", ["a"]),
    ):
        try:
            said.append(repr(await call()))
        except ModelError as error:
            said.append("".join(traceback.format_exception(error)) + repr(error) + error.excerpt)
    return said


async def test_keys_are_nowhere(build: Build, server: SiliconFlowServer, log: io.StringIO) -> None:
    echoed = Fault(400, f'{{"code": 20015, "message": "key {server.key} may not"}}'.encode())
    said = await every_call(build, WRONG)
    for fault in (echoed, MALFORMED, CUT, Fault(200, f"<html>{server.key}</html>".encode())):
        server.fail_next(fault, times=4)
        said += await every_call(build, server.key)
    said += await every_call(build, server.key)
    text = "\n".join(said) + log.getvalue()
    assert len(said) == 42
    assert len(log.getvalue()) > 1_000
    assert text.count("code 20015") >= 4
    assert WRONG not in text
    assert server.key not in text


class Recorder(BaseEventHandler):
    seen: list[str] = []  # noqa: RUF012  a pydantic field

    @classmethod
    def class_name(cls) -> str:
        return "Recorder"

    def handle(self, event: Any, **kwargs: Any) -> None:
        self.seen.append(repr(event) + event.model_dump_json())


async def test_keys_are_in_no_event_and_no_dump(build: Build, server: SiliconFlowServer) -> None:
    recorder = Recorder()
    dispatcher = get_dispatcher()
    dispatcher.add_event_handler(recorder)
    try:
        await build.chat().chat([Turn("user", "a")])
        embedding = SiliconFlowEmbedding(api_key=server.key, api_base=server.url)
        await embedding.aget_text_embedding("a")
    finally:
        dispatcher.event_handlers.remove(recorder)
    rerank = SiliconFlowRerank(api_key=server.key, api_base=server.url)
    dumps = [repr(embedding), embedding.to_json(), str(embedding.to_dict()), repr(rerank), rerank.to_json()]
    assert len(recorder.seen) >= 4
    assert server.key not in "".join(recorder.seen)
    assert server.key not in "".join(dumps)
    assert "BAAI/bge-m3" in dumps[1]


def test_settings_and_addresses() -> None:
    settings = ChatSettings(api_key=WRONG, model="m", api_base="https://user:pass@host:8080/v1?token=t")
    asked = Asked("chat model", "m", settings.api_base, secret=WRONG)
    error = failure(asked, 400, f"your key {WRONG} is bad".encode())
    assert WRONG not in repr(settings) + repr(asked) + str(asked) + str(error)
    assert shown_url(settings.api_base) == "https://host:8080/v1"
    assert "pass" not in str(error)
    assert "your key *** is bad" in str(error)


@pytest.mark.parametrize("model", [SiliconFlowEmbedding, SiliconFlowRerank])
def test_no_key_in_what_a_wrong_setting_is_told(model: type[SiliconFlowEmbedding | SiliconFlowRerank]) -> None:
    for wrong in ({"api_kee": WRONG}, {"max_chars": WRONG}, {"limits": WRONG}):
        with pytest.raises(ValueError, match=next(iter(wrong))) as refused:
            model(api_key=WRONG, **wrong)
        assert WRONG not in "".join(traceback.format_exception(refused.value))
    shown = model(api_key=WRONG, api_base=f"https://someone:{WRONG}@models.example/v1")
    assert WRONG not in repr(shown) + str(shown)
    assert "***" in repr(shown)


@pytest.mark.parametrize(
    "address", ["https://me:{}@models.example/v1", "https://models.example/v1?key={}", "ftp://{}@a", "me:{}@[a"]
)
@pytest.mark.parametrize("kind", ["chat", "embedder", "reranker"])
def test_an_address_with_a_password_or_a_query_is_refused_unseen(kind: ModelKind, address: str) -> None:
    (problem,) = check_spec(kind, {"use": "siliconflow", "api_key": "any", "api_base": address.format(WRONG)})
    assert problem.startswith(f"models.{kind}.api_base must be an address without a name, a password or a query")
    assert WRONG not in problem


class TellingError(Exception):
    pass


class Telling(CustomLLM):
    """A model of a user's own whose errors show its key."""

    api_key: str = WRONG

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata()

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        raise TellingError(f"no answer for {self.api_key}")

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        raise TellingError(f"no answer for {self.api_key}")


async def test_no_key_in_the_traceback_of_a_library_that_shows_it() -> None:
    chat = LlamaIndexChat(Telling())
    with pytest.raises(ModelAnswerError, match="TellingError") as failed:
        await chat.chat([Turn("user", "a")])
    assert failed.value.excerpt == "no answer for ***"
    assert WRONG not in "".join(traceback.format_exception(failed.value))
    with pytest.raises(ModelAnswerError) as failed:
        await anext(aiter(chat.stream([Turn("user", "a")])))
    assert WRONG not in "".join(traceback.format_exception(failed.value))
