"""Addresses, names of indices and errors of the store on Elasticsearch, without a server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from elastic_transport import (
    ApiResponseMeta,
    ConnectionError,  # noqa: A004
    ConnectionTimeout,
    HttpHeaders,
    NodeConfig,
    SerializationError,
    TlsError,
)
from elasticsearch import ApiError, UnsupportedProductError

from memoryengine.errors import ConfigError, StoreError, StoreUnavailable, StoreUnreadable, VectorMismatch
from memoryengine.ports import HISTORY, Collection, VectorSpace
from memoryengine.stores.elasticsearch.connect import Connection
from memoryengine.stores.elasticsearch.failures import error_of, failure, passes, refusal
from memoryengine.stores.elasticsearch.layout import Names, Shape, mapping, meta, vector_field, writer_of
from memoryengine.testing.store_samples import NOTES, SPACE

WHERE = "http://here:9200"
SECRET = "s3cret-pass"
TEXT = "I had a quarrel with Anna"


# --- addresses --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "urls"),
    [
        ("http://127.0.0.1:9200", ["http://127.0.0.1:9200"]),
        ("http://localhost", ["http://localhost:9200"]),
        ("https://es.example.org", ["https://es.example.org:443"]),
        ("es.example.org", ["http://es.example.org:9200"]),
        ("es.example.org:9201", ["http://es.example.org:9201"]),
        ("https://es.example.org/path/", ["https://es.example.org:443/path"]),
        ("http://[::1]", ["http://[::1]:9200"]),
        (["http://a", "http://b:1"], ["http://a:9200", "http://b:1"]),
    ],
)
def test_addresses_get_a_scheme_and_a_port(url: str | Sequence[str], urls: Sequence[str]) -> None:
    connection = Connection(url)
    assert connection.urls == urls
    assert connection.where == ", ".join(urls)
    assert connection == Connection(url)


def test_secrets_are_not_told() -> None:
    """Neither by what is shown of the settings nor by the errors about them."""
    in_url = Connection(f"https://anna:{SECRET}@es.example.org")
    assert in_url.urls == [f"https://anna:{SECRET}@es.example.org:443"]
    assert in_url.where == "https://es.example.org:443"
    for one in (in_url, Connection("http://a", user="anna", password=SECRET), Connection("http://a", api_key=SECRET)):
        assert SECRET not in one.where
    assert SECRET not in repr(Connection("http://a", user="anna", password=SECRET))
    assert SECRET not in repr(Connection("http://a", api_key=SECRET))
    wrong: Sequence[Mapping[str, Any]] = (
        {"url": f"https://anna:{SECRET}/x@es.example.org"},
        {"url": f"ftp://anna:{SECRET}@es.example.org"},
        {"url": f"https://anna:{SECRET}@es.example.org", "api_key": SECRET},
        {"url": "http://a", "user": "anna", "password": SECRET, "api_key": SECRET},
        {"url": "http://a", "password": SECRET},
        {"url": []},
        {"url": "http://"},
        {"url": "http://a", "fingerprint": "ab" * 32},
        {"url": "https://a", "fingerprint": "ab" * 31},
        {"url": "https://a", "ca_certs": "/nowhere/ca.pem"},
    )
    for settings in wrong:
        with pytest.raises(ConfigError) as caught:
            Connection(**settings)
        assert SECRET not in str(caught.value)
        assert len(str(caught.value)) > 30


async def test_the_client_is_made_as_the_settings_say() -> None:
    sent = []
    for connection in (
        Connection("http://a", user="anna", password="pass"),
        Connection("http://a", api_key="id:key"),
        Connection("http://a", api_key="aWQ6a2V5"),
        Connection(["http://a", "http://b"]),
    ):
        client = connection.client()
        sent.append(client._headers.get("authorization"))
        nodes = [node.base_url for node in client.transport.node_pool.all()]
        assert sorted(nodes) == connection.urls
        await client.close()
    assert sent == ["Basic YW5uYTpwYXNz", "ApiKey aWQ6a2V5", "ApiKey aWQ6a2V5", None]


# --- names ------------------------------------------------------------------------------------------------------


def test_names_of_indices() -> None:
    names = Names("my-prefix_1")
    assert names.alias("note") == "my-prefix_1-note"
    assert names.index("note", 12) == "my-prefix_1-note-000012"
    assert writer_of(names.index("note", 1)) == "my-prefix_1-note-000001-writer"
    for prefix in ("", "Big", "_a", "-a", "a*", "a,b", "a b", "é", "a/b", "x" * 102):
        with pytest.raises(ValueError, match="index_prefix"):
            Names(prefix)
    for collection in ("", "Note", "a*", "*", "a,b", "n\n"):
        with pytest.raises(StoreError, match="collection"):
            names.alias(collection)


def test_vectors_of_two_embedders_lie_in_two_fields() -> None:
    spaces = [SPACE, VectorSpace(SPACE.model, 5), VectorSpace("other", 4), VectorSpace("contract-embedder4", 4)]
    fields = {vector_field(space) for space in spaces}
    assert len(fields) == 4
    assert all(field.startswith("vector_") and len(field) == 19 for field in fields)
    assert vector_field(SPACE) == vector_field(VectorSpace("contract-embedder", 4))


def test_an_index_says_what_it_is_and_takes_nothing_else() -> None:
    whole = mapping(NOTES, SPACE, Shape(vector_index="flat"))
    assert whole["dynamic"] == "strict"
    assert whole["_meta"] == meta(NOTES, SPACE)
    said = whole["_meta"]["memoryengine"]
    assert (said["fields"], said["model"], said["dimensions"]) == (dict(NOTES.fields), SPACE.model, 4)
    assert set(whole["properties"]["fields"]["properties"]) == set(NOTES.fields)
    vector = whole["properties"][vector_field(SPACE)]
    assert (vector["dims"], vector["similarity"], vector["index_options"]["type"]) == (4, "cosine", "flat")
    plain = mapping(Collection("job", {"state": "keyword"}), SPACE, Shape())
    assert "terms" not in plain["properties"]
    assert vector_field(SPACE) not in plain["properties"]
    assert "payload" in mapping(Collection(HISTORY, {}), None, Shape())["properties"]
    assert Shape(replicas=2).settings["index"]["number_of_replicas"] == 2
    assert "auto_expand_replicas" in Shape(shards=3).settings["index"]


# --- errors -----------------------------------------------------------------------------------------------------


def answered(status: int, kind: str = "", reason: str = "", **headers: str) -> ApiError:
    """An answer of Elasticsearch with an error."""
    body = {"error": {"root_cause": [{"type": kind, "reason": reason}], "type": "outer", "reason": "outer"}}
    told = {"x-elastic-product": "Elasticsearch", **headers}
    node = NodeConfig("http", "here", 9200)
    return ApiError("outer", ApiResponseMeta(status, "1.1", HttpHeaders(told), 0.1, node), body)


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (ConnectionTimeout("slow"), StoreUnavailable, "did not answer in time, in 3.0 seconds"),
        (ConnectionError("refused"), StoreUnavailable, "cannot be reached \\(refused\\)"),
        (TlsError("self-signed certificate"), StoreUnavailable, "`ca_certs`"),
        (TlsError("[SSL: WRONG_VERSION_NUMBER]"), StoreUnavailable, "write http instead"),
        (SerializationError("no JSON"), StoreUnavailable, "cannot be understood"),
        (UnsupportedProductError("other", None, None), StoreUnreadable, "is no Elasticsearch"),  # type: ignore[arg-type]
        (answered(401), StoreUnavailable, "user, password or api_key"),
        (answered(403, "security_exception", "action denied"), StoreUnavailable, "too few rights"),
        (answered(403, "cluster_block_exception", "blocked by: [FORBIDDEN/8]"), StoreUnavailable, "takes no writes"),
        (answered(429, "cluster_block_exception", "disk usage exceeded"), StoreUnavailable, "disk ran full"),
        (answered(429, "es_rejected_execution_exception"), StoreUnavailable, "too busy"),
        (answered(503, "unavailable_shards_exception"), StoreUnavailable, "not ready"),
        (answered(500, "null_pointer_exception"), StoreUnavailable, "Look at its log"),
        (answered(404, "index_not_found_exception", "no such index"), StoreUnreadable, "store init"),
        (answered(413), StoreError, "write less at once"),
        (answered(400, "strict_dynamic_mapping_exception", "not allowed"), StoreUnreadable, "somebody changed it"),
        (answered(400, "illegal_argument_exception", "[vector_0a1b2c3d4e5f] has 3 dims"), VectorMismatch, "embedder"),
        (answered(400, "mapper_exception", "preview of value: 'vector_search'"), StoreUnreadable, "changed it"),
        (answered(400, "query_shard_exception", "maxClauseCount is set to 1024"), StoreError, "more parts"),
        (answered(400, "illegal_argument_exception", "Query rewrite failed: too many clauses"), StoreError, "parts"),
        (answered(400, "strange_exception"), StoreError, "HTTP 400, strange_exception"),
        (RuntimeError("strange"), StoreError, "RuntimeError"),
    ],
)
def test_each_failure_is_a_sentence_of_its_kind(error: Exception, kind: type[StoreError], said: str) -> None:
    found = failure(error, WHERE, 3.0)
    assert kind in type(found).__mro__
    assert kind is not StoreError or type(found) is StoreError
    with pytest.raises(kind, match=said):
        raise found
    assert len(found.message) > 30
    assert WHERE in found.message or isinstance(found, VectorMismatch)


def test_what_may_pass_is_tried_again() -> None:
    for status in (408, 429, 502, 503, 504):
        assert passes(answered(status)), status
    for status in (400, 401, 403, 404, 405, 409, 413, 500):
        assert not passes(answered(status)), status
    assert passes(ConnectionTimeout("slow"))
    assert passes(ConnectionError("refused"))
    assert not passes(TlsError("self-signed certificate"))
    assert not passes(answered(429, "cluster_block_exception"))  # a full disk does not pass in seconds
    assert passes(answered(500, "node_closed_exception"))


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_what_the_server_repeats_of_a_document_is_an_excerpt(status: int) -> None:
    """Messages are kept with failed runs, so no text of a person may stand in one."""
    for kind in ("document_parsing_exception", "mapper_parsing_exception", "illegal_argument_exception", "x"):
        reason = f"failed to parse field [fields.rank] of type [double], preview of value: '{TEXT}'"
        found = refusal(status, {"type": kind, "reason": reason}, WHERE)
        assert TEXT not in found.message
        assert TEXT in found.excerpt
        assert TEXT not in refusal(413, {"type": kind, "reason": reason}, WHERE).message


def test_the_innermost_error_is_told() -> None:
    assert error_of(answered(400, "inner", "why").body) == {"type": "inner", "reason": "why"}
    assert error_of({"error": {"type": "outer", "reason": "why"}}) == {"type": "outer", "reason": "why"}
    assert error_of({"error": "alias [x] missing", "status": 404}) == {"reason": "alias [x] missing"}
    assert error_of("<html>") == {"reason": "<html>"}
    assert error_of(None) == {"reason": ""}
