"""The test server itself: it must refuse what the service refuses, and keep no keys."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from typing import Any

import pytest
import requests

from memoryengine.testing.siliconflow_server import MODELS, OVERLOADED, SiliconFlowServer, too_many


def post(server: SiliconFlowServer, path: str, body: Any, key: str = "") -> requests.Response:
    headers = {"Authorization": f"Bearer {key or server.key}"}
    return requests.post(server.url + path, json=body, headers=headers, timeout=5)


def test_it_speaks_the_protocol(server: SiliconFlowServer) -> None:
    chat = post(
        server, "/chat/completions", {"model": MODELS[0], "messages": [{"role": "user", "content": "hi"}]}
    ).json()
    vectors = post(server, "/embeddings", {"model": MODELS[1], "input": "one"}).json()
    ranked = post(server, "/rerank", {"model": MODELS[2], "query": "tea", "documents": ["x", "tea"], "top_n": 1}).json()
    models = requests.get(f"{server.url}/models", headers={"Authorization": f"Bearer {server.key}"}, timeout=5).json()
    assert chat["choices"][0]["message"]["content"] == "[test server] You said: hi"
    assert chat["usage"]["total_tokens"] == chat["usage"]["prompt_tokens"] + chat["usage"]["completion_tokens"]
    assert [len(entry["embedding"]) for entry in vectors["data"]] == [1024]
    assert ranked["results"] == [{"index": 1, "relevance_score": 1.0}]
    assert [entry["id"] for entry in models["data"]] == list(MODELS)


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/embeddings", {"model": MODELS[1], "input": ["x"] * 65}, 413, 20042),
        ("/embeddings", {"model": MODELS[1], "input": [""]}, 400, 20015),
        ("/embeddings", {"model": "nobody/knows", "input": ["x"]}, 400, 20012),
        ("/embeddings", [1], 400, 20015),
        ("/rerank", {"model": MODELS[2], "query": "", "documents": ["x"]}, 400, 20015),
        ("/chat/completions", {"model": MODELS[0], "messages": []}, 400, 20015),
    ],
)
def test_it_refuses_as_the_service_does(
    server: SiliconFlowServer, path: str, body: Any, status: int, code: int
) -> None:
    answer = post(server, path, body)
    assert answer.status_code == status
    assert answer.json()["code"] == code
    assert answer.json()["data"] is None


def test_keys_are_checked_and_not_kept(server: SiliconFlowServer) -> None:
    answer = post(server, "/embeddings", {"model": MODELS[1], "input": ["x"]}, key="sk-other")
    assert answer.status_code == 401
    assert answer.json() == "Api key is invalid"
    assert "sk-" not in repr(server.requests)
    assert server.requests[0].body == {"model": MODELS[1], "input": ["x"]}


def test_faults_come_in_order_and_by_endpoint(server: SiliconFlowServer) -> None:
    server.fail_next(OVERLOADED, endpoint="rerank")
    server.fail_next(too_many("9"), times=2, endpoint="embeddings")
    body = {"model": MODELS[1], "input": ["x"]}
    answers = [post(server, "/embeddings", body) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["Retry-After"] == "9"
    rerank = post(server, "/rerank", {"model": MODELS[2], "query": "q", "documents": ["x"]})
    assert (rerank.status_code, rerank.json()["code"]) == (503, 50505)
    assert (server.count("embeddings"), server.count("rerank"), server.count()) == (3, 1, 4)


async def test_it_runs_in_an_event_loop_too() -> None:
    import aiohttp

    async with SiliconFlowServer(lambda messages: "yes", key="k") as server, aiohttp.ClientSession() as session:
        body = {"model": MODELS[0], "messages": [{"role": "user", "content": "hi"}], "stream": True}
        async with session.post(
            f"{server.url}/chat/completions", json=body, headers={"Authorization": "Bearer k"}
        ) as answer:
            lines = (await answer.text()).split("\n\n")
    assert answer.headers["Content-Type"] == "text/event-stream"
    assert json.loads(lines[0].removeprefix("data: "))["choices"][0]["delta"]["content"] == "yes"
    assert lines[-2] == "data: [DONE]"


def test_small_answers_do_not_wait(server: SiliconFlowServer) -> None:
    session = requests.Session()
    headers = {"Authorization": f"Bearer {server.key}"}
    body = {"model": MODELS[2], "query": "tea", "documents": ["tea"]}
    times = []
    for _ in range(20):
        start = time.perf_counter()
        assert session.post(f"{server.url}/rerank", json=body, headers=headers, timeout=5).ok
        times.append(time.perf_counter() - start)
    session.close()
    assert sorted(times)[10] < 0.03
    assert server.count("rerank") == 20


def test_a_port_that_is_taken_is_an_error(server: SiliconFlowServer) -> None:
    with pytest.raises(OSError, match="address already in use"), SiliconFlowServer(port=server.port):
        pass
    assert post(server, "/models", None).status_code == 405
    assert server.port > 0


def test_from_a_shell() -> None:
    command = [sys.executable, "-m", "memoryengine.testing.siliconflow_server", "--port", "0", "--key", "k"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": ":".join(sys.path)}
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            url = re.search(r"http://\S+", line)
            assert url is not None
            answer = requests.get(f"{url[0]}/models", headers={"Authorization": "Bearer k"}, timeout=5)
            assert answer.status_code == 200
            assert len(answer.json()["data"]) == 3
        finally:
            process.terminate()
