"""What goes wrong with Elasticsearch, as sentences: the cause, and what to do. Pure functions.

Elasticsearch repeats values of documents in some of its reasons, so a reason is only ever an `excerpt`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from aiohttp import (
    ClientConnectorCertificateError,
    ClientConnectorError,
    ServerDisconnectedError,
    ServerFingerprintMismatch,
)
from elastic_transport import ApiError, ConnectionTimeout, SerializationError, TlsError, TransportError
from elasticsearch import UnsupportedProductError

from ...errors import StoreError, StoreUnavailable, StoreUnreadable, VectorMismatch

PRODUCT = "x-elastic-product"
PASSING = frozenset({408, 429, 502, 503, 504})
PASSING_KINDS = frozenset(
    {
        "connect_transport_exception",
        "illegal_index_shard_state_exception",
        "index_shard_not_started_exception",
        "no_shard_available_action_exception",
        "node_closed_exception",
        "node_disconnected_exception",
        "node_not_connected_exception",
        "shard_not_found_exception",
        "shard_not_in_primary_mode_exception",
        "unavailable_shards_exception",
    }
)
"""What a node says of itself while it starts, stops or hands a shard over, under various statuses."""
STATUS_OF = {
    "alias_not_found_exception": 404,
    "illegal_argument_exception": 400,
    "index_closed_exception": 400,
    "index_not_found_exception": 404,
    "security_exception": 403,
}
BLOCKED = "cluster_block_exception"
MISMATCH = (
    "The store's index holds vectors of another embedder than this process uses: it was reindexed meanwhile, or "
    "another program writes there. Start this process again with the embedder that the store names."
)
UNSURE = " Whether the write arrived is not known; history tells."
"""What the error of a write says besides, if it may have been done although no good answer came."""

_VECTOR_FIELD = re.compile("vector_[0-9a-f]{12}")


class Denied(StoreUnavailable):
    """The server is there and will not do it: an index is blocked, or this user lacks a right. Reads may go on."""


def passes(error: Exception) -> bool:
    """Whether the same request may succeed a little later."""
    if isinstance(error, ApiError):
        return passing(error.meta.status, error_of(error.body))
    if isinstance(error, TlsError):
        return "EOF" in error.message  # the server went away in the midst of greeting
    return isinstance(error, TransportError) and not isinstance(error.__context__, ServerFingerprintMismatch)


def passing(status: int, error: Mapping[str, Any]) -> bool:
    """Whether what an answer with this error was for may succeed a little later.

    A block with 429 is a full disk, which takes more than a little.
    """
    kind = error.get("type")
    return kind in PASSING_KINDS or (status in PASSING and not (kind == BLOCKED and status == 429))


def status_of(error: Mapping[str, Any]) -> int:
    """The HTTP status of an error that came without one: that of a document that could not be got."""
    return STATUS_OF.get(str(error.get("type")), 503)


def wait_of(error: Exception) -> float:
    """The seconds that the server asks to be left alone, 0 if it says nothing of it."""
    said = str(error.meta.headers.get("retry-after", "")) if isinstance(error, ApiError) else ""
    return float(said) if said.isascii() and said.isdecimal() else 0.0


def failure(error: Exception, where: str, seconds: float, more: str = "") -> StoreError:
    """What a failed request means; `where` names the server, `seconds` is how long was tried.

    `more` ends the sentence where time may mend it.
    """
    match error:
        case UnsupportedProductError():
            return alien(where)
        case TlsError():
            return _distrusted(error, where)
        case ConnectionTimeout():
            return StoreUnavailable(
                f"Elasticsearch at {where} did not answer in time, in {seconds:.1f} seconds of trying. Look at its "
                f"load, or raise `timeout` and `patience`.{more}"
            )
        case SerializationError():
            return StoreUnavailable(
                f"What answered at {where} cannot be understood, in {seconds:.1f} seconds of trying: it is no answer "
                f"of Elasticsearch. Look at the url of the store, and at what stands between.{more}",
                excerpt=_told(error),
            )
        case TransportError():
            return _unreachable(error, where, seconds, more)
        case ApiError():
            if error.meta.status in (400, 404, 405, 410) and not is_product(error):
                return alien(where)
            return refusal(error.meta.status, error_of(error.body), where, more, wait_of(error))
    return StoreError(f"A request to Elasticsearch at {where} failed: {type(error).__name__}.", excerpt=str(error))


def is_product(answer: Any) -> bool:
    """Whether an answer (or an error that came as one) says that Elasticsearch gave it, as all of its own do."""
    return bool(answer.meta.headers.get(PRODUCT) == "Elasticsearch")


def alien(where: str) -> StoreUnreadable:
    """The error of an answer that is not of Elasticsearch."""
    return StoreUnreadable(
        f"What answers at {where} is no Elasticsearch: look at the url of the store, and at what stands between."
    )


def refusal(status: int, error: Mapping[str, Any], where: str, more: str = "", wait: float = 0.0) -> StoreError:
    """What an answer with an error means, of a request or of one item of a bulk.

    `wait` is how many seconds the server asks to be left alone; `more` ends the sentence where time may mend it.
    """
    kind, reason = str(error.get("type", "")), str(error.get("reason", ""))
    if passing(status, error):
        asked = f" It asks to be left alone for {wait:g} seconds." if wait else ""
        return StoreUnavailable(
            f"Elasticsearch at {where} is too busy or not ready (HTTP {status}, {kind or 'no reason given'}), and "
            f"does not become so in time.{asked} Try again later, or raise `patience`.{more}"
        )
    return _denied(status, kind, reason, where) or _changed(status, kind, reason, where)


def _denied(status: int, kind: str, reason: str, where: str) -> StoreError | None:
    """What is refused because of who asks, or of a block."""
    if status == 401:
        return StoreUnavailable(f"Elasticsearch at {where} refused the credentials: look at user, password or api_key.")
    if kind == BLOCKED:
        return Denied(
            f"Elasticsearch at {where} takes no writes to this index now: it is being reindexed, or is read-only, as "
            "after its disk ran full. Wait for the reindexing, or make room and lift the block.",
            excerpt=reason,
        )
    if status == 403:
        return Denied(
            f"Elasticsearch at {where} knows this user but grants too few rights: README.md, section Elasticsearch, "
            "lists what its role needs.",
            excerpt=reason,
        )
    if status == 413:
        return StoreError(
            f"Elasticsearch at {where}, or what stands between, does not take a request of this size (HTTP 413): "
            "write less at once, or raise its limit (`http.max_content_length`)."
        )
    return None


def _changed(status: int, kind: str, reason: str, where: str) -> StoreError:
    """What is refused because the indices are not what they were."""
    if status == 404 and "-writer]" in reason:
        return StoreUnavailable(
            f"The index that this was to change is gone from Elasticsearch at {where}: a reindexing replaced it "
            "meanwhile, or somebody deleted it. Call again.",
            excerpt=reason,
        )
    if status == 404:
        return StoreUnreadable(
            f"An index, an alias or a document of the store is gone from Elasticsearch at {where}. Restore it, or make "
            "the store anew with: memoryengine store init",
            excerpt=reason,
        )
    if kind == "index_closed_exception":
        return StoreUnavailable(
            f"An index of the store at {where} is closed: open it with POST /INDEX/_open.", excerpt=reason
        )
    if _VECTOR_FIELD.search(reason):
        return VectorMismatch(MISMATCH)
    if "mapp" in kind or "document_parsing" in kind:
        return StoreUnreadable(
            f"The mapping of an index at {where} is not as memoryengine made it ({kind}): somebody changed it. Restore "
            "it, or move to a new index_prefix.",
            excerpt=reason,
        )
    if "more than one ind" in reason or "no write index" in reason:
        return StoreUnreadable(
            f"An alias of the store at {where} stands for several indices: take it from those that are not the "
            "store's.",
            excerpt=reason,
        )
    if status >= 500:
        return StoreUnavailable(
            f"Elasticsearch at {where}, or what stands between, failed (HTTP {status}, {kind or 'no reason given'}). "
            "Look at its log, then try again.",
            excerpt=reason,
        )
    if "maxClauseCount" in reason or "too many clauses" in reason.lower():
        return StoreError(
            f"A filter has more parts than Elasticsearch at {where} takes (`indices.query.bool.max_clause_count`, "
            "which grows with its memory): ask for less at once."
        )
    return StoreError(f"Elasticsearch at {where} refused a request (HTTP {status}, {kind}).", excerpt=reason)


def error_of(body: object) -> Mapping[str, Any]:
    """The innermost error of an answer: `type` and `reason`."""
    error = body.get("error") if isinstance(body, Mapping) else None
    if not isinstance(error, Mapping):
        return {"reason": str(error or body or "")[:1000]}
    causes = error.get("root_cause") or [error]
    return causes[0] if isinstance(causes, list) and isinstance(causes[0], Mapping) else error


def _distrusted(error: TlsError, where: str) -> StoreUnavailable:
    if any(word in error.message for word in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST")):
        return StoreUnavailable(f"What answers at {where} does not speak TLS: write http instead of https in the url.")
    return StoreUnavailable(
        f"The certificate of {where} was not accepted ({_told(error)}). Name its authority as `ca_certs`, or its "
        "SHA-256 as `fingerprint`, and the host as the certificate does."
    )


def _unreachable(error: TransportError, where: str, seconds: float, more: str) -> StoreUnavailable:
    cause = error.__context__
    if isinstance(cause, ServerFingerprintMismatch):
        return StoreUnavailable(
            f"The certificate of {where} is not the one that `fingerprint` names: its SHA-256 is {cause.got.hex()}. "
            "Look whether this is the right server, then correct the setting."
        )
    plain = isinstance(cause, ServerDisconnectedError) and "http:" in where
    hint = ", or write https in it, if the server wants that" if plain else ""
    return StoreUnavailable(
        f"Elasticsearch at {where} cannot be reached ({_told(error)}), in {seconds:.1f} seconds of trying. Start it, "
        f"or correct the url of the store{hint}.{more}"
    )


def _told(error: TransportError) -> str:
    """What the cause says, as shortly as it can be had."""
    cause = error.__context__
    if isinstance(cause, ClientConnectorCertificateError):
        error_ = cause.certificate_error
        return str(getattr(error_, "verify_message", error_))
    if isinstance(cause, ClientConnectorError):
        return str(cause.os_error.strerror or cause.os_error)
    return str(error.message).partition("\n")[0][:300]
