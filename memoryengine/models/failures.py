"""From what an endpoint said to the errors of the engine; no key ever gets into a sentence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from ..errors import ModelAnswerError, ModelError, ModelRefused
from .retry import PassingFailure

LONGEST_EXCERPT = 300
UNKNOWN_MODEL = "20012"  # SiliconFlow's code, which comes with 400
ABOUT_INPUT = (400, 413, 422, 451)
"""The statuses by which an endpoint refuses what it was sent; others are about who asks, where and for what."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which model was asked where, for the sentences of errors.

    `what` is its kind in words ("embedding model"), `key_setting` where its key is set, `secret` the key itself, which
    is taken out of everything that is shown.
    """

    what: str
    model: str
    url: str
    key_setting: str = "api_key"
    secret: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"The {self.what} {self.model!r} at {shown_url(self.url)}"

    def excerpt(self, text: str) -> str:
        """The start of `text`, without the key."""
        clean = text.replace(self.secret, "***") if self.secret else text
        return " ".join(clean.split())[:LONGEST_EXCERPT]


def shown_url(url: str) -> str:
    """The address without a name, password or query in it."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def endpoint_url(base: str, path: str) -> str:
    """The endpoint's full address from a base address, a host alone (which gets /v1) or the full address itself."""
    clean = base.strip().rstrip("/")
    if clean.endswith(path):
        return clean
    return clean + (path if urlsplit(clean).path.strip("/") else f"/v1{path}")


def base_url(address: str, path: str) -> str:
    """The base address of an endpoint, whichever form was given."""
    return endpoint_url(address, path).removesuffix(path)


def failure(asked: Asked, status: int, body: bytes, wait: float | None = None) -> ModelError | PassingFailure:
    """What an answer with an error status means; `wait` are the seconds its `Retry-After` asks for."""
    code, said = service_words(body)
    excerpt = asked.excerpt(said)
    shown = f"{status} {_phrase(status)}".strip() + (f", code {code}" if code else "")
    if status in (401, 403):
        return ModelRefused(
            f"{asked} refused the key ({shown}). Check {asked.key_setting}: it must hold a valid key of that service "
            "with the right to use this model; best taken from an environment variable, as ${NAME}.",
            excerpt=excerpt,
            access=True,
        )
    if status in (408, 425, 429) or status >= 500:
        return PassingFailure(f"{asked} could not answer now ({shown}).", wait=wait, excerpt=excerpt)
    if 300 <= status < 400:
        message = f"{asked} sends elsewhere ({shown}); the key is not sent along. Correct api_base."
        return ModelRefused(message, access=True)
    named = status == 404 or code == UNKNOWN_MODEL
    hint = " Check api_base and the model's name." if named else ""
    access = named or status not in ABOUT_INPUT
    return ModelRefused(f"{asked} refused the request ({shown}).{hint}", excerpt=excerpt, access=access)


def no_connection(asked: Asked, error: BaseException) -> PassingFailure:
    """The failure of an attempt that got no answer at all."""
    name = type(error).__name__
    return PassingFailure(f"{asked} could not be reached ({name}).", excerpt=asked.excerpt(str(error)))


def too_slow(asked: Asked, seconds: float) -> PassingFailure:
    """The failure of an attempt that took longer than it may."""
    return PassingFailure(f"{asked} did not answer within {seconds:g} seconds.")


def too_long(asked: Asked, limit: int) -> ModelAnswerError:
    """The error for an answer that is longer than it may be."""
    return ModelAnswerError(
        f"{asked} sent more than {limit:,} bytes and was cut off. Check the address, or raise the setting max_bytes."
    )


def service_words(body: bytes) -> tuple[str, str]:
    """The code and the message in an error body: SiliconFlow's `{"code", "message"}`, OpenAI's `{"error"}`, or text."""
    text = body[:4000].decode("utf-8", "replace")
    try:
        data = json.loads(body)
    except ValueError:
        return "", text
    if isinstance(data, Mapping) and isinstance(data.get("error"), Mapping):
        data = data["error"]
    if not isinstance(data, Mapping):
        return "", str(data)
    return str(data.get("code") or ""), str(data.get("message") or data.get("error") or text)


def parse_answer(asked: Asked, body: bytes, wanted: str) -> Mapping[str, Any]:
    """The JSON object in a good answer, which must have the field `wanted`.

    Some gateways answer 200 with an error body; that is raised as what it is.
    """
    try:
        data = json.loads(body)
    except ValueError:
        said = asked.excerpt(body[:4000].decode("utf-8", "replace"))
        raise ModelAnswerError(f"{asked} sent no JSON. Check that api_base is right.", excerpt=said) from None
    if isinstance(data, Mapping) and wanted in data:
        return data
    code, said = service_words(body)
    if code.isdecimal() and len(code) == 5:
        status = 503 if code.startswith("5") else 400
        raise failure(asked, status, body)
    raise ModelAnswerError(f"{asked} sent an answer without {wanted!r}.", excerpt=asked.excerpt(said))


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
