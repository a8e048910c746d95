"""Any LlamaIndex LLM, embedding model or node postprocessor as one of our model ports."""

from __future__ import annotations

import asyncio
import inspect
import math
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any, TypeVar

from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.base.llms.base import BaseLLM
from llama_index.core.base.llms.types import ChatResponse, ChatResponseAsyncGen
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import NodeWithScore, TextNode

from ..errors import ModelAnswerError, ModelError
from ..ports import Reply, Turn, Vector
from ..text import clean
from ..together import together
from .failures import Asked, failure, no_connection, too_slow
from .gate import Gate
from .parts import BLANK, batches, read_vector
from .retry import REAL, Course, Effects, Limits, PassingFailure, retry_after, retrying
from .spoken import BROKE_OFF, messages_of, reply_of, spoken

T = TypeVar("T")

PASSING_NAMES = ("timeout", "connect", "ratelimit", "unavailable", "overloaded")


class _Caller:
    """Calls a library with a time limit, a concurrency limit and retries; what it raises becomes one of our errors."""

    def __init__(self, asked: Asked, limits: Limits, effects: Effects) -> None:
        self.asked, self.limits, self.effects = asked, limits, effects
        self.gate = Gate(limits.concurrency)

    async def call(self, work: Callable[[], Awaitable[T]]) -> T:
        return await retrying(lambda seconds: self._attempt(work, seconds), self.limits, self.effects)

    async def _attempt(self, work: Callable[[], Awaitable[T]], seconds: float) -> T:
        async with self.gate:
            return await self.once(work, seconds)

    async def once(self, work: Callable[[], Awaitable[T]], seconds: float) -> T:
        try:
            async with asyncio.timeout(seconds):
                return await work()
        except (ModelError, PassingFailure):
            raise
        except Exception as error:  # noqa: BLE001  the edge to a library: everything becomes one of our errors
            # without its cause, whose text may show the key
            raise self._translated(error, seconds) from None

    def _translated(self, error: Exception, seconds: float) -> ModelError | PassingFailure:
        response = getattr(error, "response", None)
        status = getattr(error, "status_code", None) or getattr(response, "status_code", None)
        if isinstance(status, int):
            wait = retry_after(getattr(response, "headers", {}).get("Retry-After"), self.effects.now())
            return failure(self.asked, status, str(error).encode("utf-8", "replace"), wait)
        if isinstance(error, TimeoutError):
            return too_slow(self.asked, seconds)
        if isinstance(error, OSError) or any(name in type(error).__name__.lower() for name in PASSING_NAMES):
            return no_connection(self.asked, error)
        said = self.asked.excerpt(str(error))
        return ModelAnswerError(f"{self.asked} failed ({type(error).__name__}).", excerpt=said)


class LlamaIndexChat:
    """A `ChatModel` of any LlamaIndex LLM."""

    def __init__(
        self, llm: BaseLLM, *, limits: Limits | None = None, key_setting: str = "api_key", effects: Effects = REAL
    ) -> None:
        self._llm = llm
        self._caller = _Caller(_asked("chat model", llm, self.name, key_setting), limits or Limits(), effects)

    @property
    def name(self) -> str:
        """The model's name, or the class's where it has none."""
        return _known(self._llm.metadata.model_name) or type(self._llm).__name__

    async def chat(self, turns: Sequence[Turn], *, max_tokens: int | None = None) -> Reply:
        """The answer; `max_tokens` is passed on as the keyword of that name."""
        options = {} if max_tokens is None else {"max_tokens": max_tokens}
        answer = await self._caller.call(lambda: self._llm.achat(messages_of(turns), **options))
        return reply_of(answer, self._blank())

    def stream(self, turns: Sequence[Turn]) -> AsyncIterator[str]:
        """The answer piece by piece; it is not asked for again when it breaks off."""
        return spoken(self._pieces(turns), self._blank())

    async def close(self) -> None:
        """Close the model where it can be closed."""
        await _close(self._llm)

    async def _pieces(self, turns: Sequence[Turn]) -> AsyncGenerator[ChatResponse, None]:
        caller = self._caller
        async with caller.gate:
            course = Course(caller.limits, caller.effects)
            pieces = await retrying(lambda s: caller.once(lambda: self._open(turns), s), caller.limits, caller.effects)
            async with aclosing(pieces):
                while piece := await self._step(lambda: anext(pieces, None), course):
                    with course.elsewhere():
                        yield piece

    async def _open(self, turns: Sequence[Turn]) -> ChatResponseAsyncGen:
        return await self._llm.astream_chat(messages_of(turns))

    async def _step(self, work: Callable[[], Awaitable[T]], course: Course) -> T:
        try:
            return await self._caller.once(work, course.attempt_limit)
        except PassingFailure as failed:
            raise failed.final(BROKE_OFF) from failed

    def _blank(self) -> ModelAnswerError:
        return ModelAnswerError(f"{self._caller.asked} answered nothing but thinking or blanks.")


class LlamaIndexEmbedder:
    """An `Embedder` of any LlamaIndex embedding model; its vectors are checked for number, length and finiteness."""

    def __init__(
        self,
        model: BaseEmbedding,
        dimensions: int,
        *,
        limits: Limits | None = None,
        key_setting: str = "api_key",
        effects: Effects = REAL,
    ) -> None:
        self._model, self._dimensions = model, dimensions
        self._caller = _Caller(_asked("embedding model", model, self.name, key_setting), limits or Limits(), effects)

    @property
    def name(self) -> str:
        """The model's name, or the class's where it has none."""
        return _known(self._model.model_name) or type(self._model).__name__

    @property
    def dimensions(self) -> int:
        """The length of every vector."""
        return self._dimensions

    async def embed(self, texts: Sequence[str], *, query: bool = False) -> Sequence[Vector]:
        """One vector a text; `embed_batch_size` of the model says how many go out at once."""
        safe = [clean(text) if clean(text).strip() else BLANK for text in texts]
        if query:
            found = await together([self._embed_query(text) for text in safe])
        else:
            size = self._model.embed_batch_size
            nested = await together([self._embed_texts(list(batch)) for batch in batches(safe, size)])
            found = [vector for vectors in nested for vector in vectors]
        asked = self._caller.asked
        return [read_vector(asked, {"embedding": [float(v) for v in vector]}, self._dimensions) for vector in found]

    async def close(self) -> None:
        """Close the model where it can be closed."""
        await _close(self._model)

    async def _embed_query(self, text: str) -> list[float]:
        return await self._caller.call(lambda: self._model.aget_query_embedding(text))

    async def _embed_texts(self, texts: list[str]) -> list[list[float]]:
        found = await self._caller.call(lambda: self._model.aget_text_embedding_batch(texts))
        if len(found) != len(texts):
            raise ModelAnswerError(f"{self._caller.asked} sent {len(found)} vectors for {len(texts)} texts.")
        return found


class LlamaIndexReranker:
    """A `Reranker` of any LlamaIndex node postprocessor that scores nodes; a text it leaves out gets 0.

    All texts go to it in one call, which it splits as it likes. Most such classes give back the best few: where it has
    a number `top_n`, it is asked for all of them, as the engine makes the cut itself.
    """

    def __init__(
        self,
        model: BaseNodePostprocessor,
        *,
        limits: Limits | None = None,
        key_setting: str = "api_key",
        effects: Effects = REAL,
    ) -> None:
        self._model = model
        self._caller = _Caller(_asked("rerank model", model, self.name, key_setting), limits or Limits(), effects)

    @property
    def name(self) -> str:
        """The model's name, or the class's where it has none."""
        named = getattr(self._model, "model", None) or getattr(self._model, "model_name", None)
        return _known(named) or type(self._model).__name__

    async def rerank(self, query: str, texts: Sequence[str]) -> Sequence[float]:
        """One relevance in [0, 1] a text; scores outside of it are squeezed by the logistic function, all or none."""
        different = list(dict.fromkeys(clean(text) for text in texts))
        nodes = [NodeWithScore(node=TextNode(id_=str(i), text=text)) for i, text in enumerate(different)]
        if not nodes:
            return []
        model = _giving(self._model, len(nodes))
        ranked = await self._caller.call(lambda: model.apostprocess_nodes(nodes, query_str=clean(query)))
        scores = _squeezed(self._found(ranked, len(nodes)))
        known = {text: scores.get(str(i), 0.0) for i, text in enumerate(different)}
        return [known[clean(text)] for text in texts]

    async def close(self) -> None:
        """Close the model where it can be closed."""
        await _close(self._model)

    def _found(self, ranked: Sequence[NodeWithScore], count: int) -> dict[str, float]:
        """The scores by the number of the text; raises `ModelAnswerError` for what are none."""
        asked = self._caller.asked
        found = {node.node.node_id: node.score for node in ranked}
        if any(score is None for score in found.values()):
            raise ModelAnswerError(f"{asked} gave texts without a score; name a node postprocessor that scores.")
        scores = {name: float(score or 0.0) for name, score in found.items()}
        if not all(map(math.isfinite, scores.values())) or not scores.keys() <= {str(i) for i in range(count)}:
            raise ModelAnswerError(f"{asked} gave scores that are not finite, or texts it was not given.")
        if len(ranked) != len(found):
            raise ModelAnswerError(f"{asked} gave {len(ranked)} scores for {len(found)} texts.")
        return scores


def _giving(model: BaseNodePostprocessor, count: int) -> BaseNodePostprocessor:
    """The model, or a copy that gives `count` nodes back where it would give fewer."""
    most = getattr(model, "top_n", None)
    return model.model_copy(update={"top_n": count}) if type(most) is int and most < count else model


def _squeezed(scores: dict[str, float]) -> dict[str, float]:
    if all(0 <= score <= 1 for score in scores.values()):
        return scores
    return {name: 1 / (1 + math.exp(-max(score, -700.0))) for name, score in scores.items()}


def _asked(what: str, model: object, name: str, key_setting: str) -> Asked:
    address = getattr(model, "api_base", None) or getattr(model, "base_url", None)
    return Asked(what, name, str(address or type(model).__name__), key_setting, _secret(model))


def _secret(model: object) -> str:
    key: Any = getattr(model, "api_key", "") or ""
    return str(key.get_secret_value() if hasattr(key, "get_secret_value") else key)


def _known(name: object) -> str:
    return name if isinstance(name, str) and name != "unknown" else ""


async def _close(model: object) -> None:
    # many classes of LlamaIndex have no way to be closed, and keep their connections under this name
    for thing in (model, getattr(model, "_aclient", None)):
        close = getattr(thing, "aclose", None) or getattr(thing, "close", None)
        if callable(close):
            done = close()
            if inspect.isawaitable(done):
                await done
