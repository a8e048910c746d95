"""What goes wrong with Elasticsearch, as sentences: the cause, and what to do. Pure functions.

Elasticsearch repeats values of documents in some of its reasons, so a reason is only ever an `excerpt`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from elastic_transport import ApiError, ConnectionTimeout, TlsError, TransportError
from elasticsearch import UnsupportedProductError

from ...errors import StoreError, StoreUnavailable, StoreUnreadable, VectorMismatch

PASSING = frozenset({408, 429, 502, 503, 504})
MISMATCH = (
    "The store's index holds vectors of another embedder than this process uses: it was reindexed meanwhile, or "
    "another program writes there. Start this process again with the embedder that the store names."
)


def passes(error: Exception) -> bool:
    """Whether the same request may succeed a little later."""
    if isinstance(error, ApiError):
        return error.meta.status in PASSING
    return isinstance(error, TransportError) and not isinstance(error, TlsError)


def failure(error: Exception, where: str, seconds: float) -> StoreError:
    """What a failed request means; `where` names the server, `seconds` is how long was tried."""
    match error:
        case UnsupportedProductError():
            return StoreUnreadable(f"What answers at {where} is no Elasticsearch: look at the url of the store.")
        case TlsError():
            return StoreUnavailable(
                f"The certificate of {where} was not accepted ({_told(error)}). Name its authority as `ca_certs`, or "
                "its SHA-256 as `fingerprint`."
            )
        case ConnectionTimeout():
            return StoreUnavailable(
                f"Elasticsearch at {where} did not answer in time, in {seconds:.1f} seconds of trying. Look at its "
                "load, or raise `timeout` and `patience`. Whether a write arrived is not known; history tells."
            )
        case TransportError():
            return StoreUnavailable(
                f"Elasticsearch at {where} cannot be reached ({_told(error)}), in {seconds:.1f} seconds of trying. "
                "Start it, or correct the url of the store."
            )
        case ApiError():
            return refusal(error.meta.status, error_of(error.body), where)
    return StoreError(f"A request to Elasticsearch at {where} failed: {type(error).__name__}.", excerpt=str(error))


def refusal(status: int, error: Mapping[str, Any], where: str) -> StoreError:
    """What an answer with an error means, of a request or of one item of a bulk."""
    kind, reason = str(error.get("type", "")), str(error.get("reason", ""))
    if status == 401:
        return StoreUnavailable(f"Elasticsearch at {where} refused the credentials: look at user, password or api_key.")
    if "cluster_block" in kind:
        return StoreUnavailable(
            f"Elasticsearch at {where} takes no writes to this index now: it is being reindexed, or is read-only, as "
            "after its disk ran full. Wait for the reindexing, or make room and lift the block.",
            excerpt=reason,
        )
    if status == 403:
        return StoreUnavailable(
            f"Elasticsearch at {where} knows this user but grants too few rights: README.md, section Elasticsearch, "
            "lists what its role needs.",
            excerpt=reason,
        )
    if status == 404 or kind in ("index_not_found_exception", "no_such_index_exception"):
        return StoreUnreadable(
            f"An index or alias of the store is gone from Elasticsearch at {where}. Restore it, or make the store anew "
            "with: memoryengine store init",
            excerpt=reason,
        )
    if status == 413:
        return StoreError(f"Elasticsearch at {where} does not take a request of this size: write less at once.")
    if status in PASSING:
        return StoreUnavailable(
            f"Elasticsearch at {where} is too busy or not ready (HTTP {status}, {kind or 'no reason given'}), and was "
            "asked several times. Try again later. Whether a write arrived is not known; history tells."
        )
    if "vector_" in reason:
        return VectorMismatch(MISMATCH)
    if "mapp" in kind or "document_parsing" in kind:
        return StoreUnreadable(
            f"The mapping of an index at {where} is not as memoryengine made it ({kind}): somebody changed it. Restore "
            "it, or move to a new index_prefix.",
            excerpt=reason,
        )
    return StoreError(f"Elasticsearch at {where} refused a request (HTTP {status}, {kind}).", excerpt=reason)


def error_of(body: object) -> Mapping[str, Any]:
    """The innermost error of an answer: `type` and `reason`."""
    error = body.get("error") if isinstance(body, Mapping) else None
    if not isinstance(error, Mapping):
        return {"reason": str(error or body or "")}
    causes = error.get("root_cause") or [error]
    return causes[0] if isinstance(causes, list) and isinstance(causes[0], Mapping) else error


def _told(error: TransportError) -> str:
    return str(error.message).partition("\n")[0][:200]
