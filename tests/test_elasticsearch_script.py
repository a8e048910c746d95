from __future__ import annotations

import os
import shlex
import socket
import subprocess
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import PIPE
from threading import Thread
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from .elasticsearch_server import SCRIPT, OwnServer, SecuredServer

SERVERS = {"8.13.4", "8.19.8", "8.19.8-run_12", "8.19.8-secured", "8.19.8-secured-run_1", "9.2.0-run_1_own"}
ANSWERS = {
    "/_cluster/health": '{"status": "green"}',
    "/_nodes/_local": '{"nodes": {"n": {"version": "8.17.0"}}}',
}
Call = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def script(tmp_path: Path) -> Call:
    """Calls the script with a folder of its own, and without the servers of this run."""

    def call(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MEMORYENGINE_")}
        env = kept | {"MEMORYENGINE_ES_HOME": str(tmp_path / "servers")} | environment
        return subprocess.run(
            [str(SCRIPT), *arguments], env=env, capture_output=True, text=True, timeout=60, check=False
        )

    return call


class Answers(BaseHTTPRequestHandler):
    """The two answers by which the script knows a server."""

    def do_GET(self) -> None:
        body = ANSWERS.get(self.path.partition("?")[0], "").encode()
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *said: object) -> None:
        pass


@pytest.fixture
def there() -> Iterator[str]:
    """The URL of a local server that answers as a healthy Elasticsearch 8.17.0 does."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "What to do is missing."),
        (["begin"], "There is no command 'begin'."),
        (["start", "--fast"], "There is no option '--fast'."),
        (["start", "--version"], "--version needs a value."),
        (["start", "--version", "eight"], "--version is like 8.19.8, not 'eight'."),
        (["start", "--port", "70000"], "--port is a number from 1 to 65535, not '70000'."),
        (["start", "--all"], "--all goes with stop."),
        (["stop", "--name", "../x"], "--name is a-z, 0-9 and _, not '../x'."),
    ],
)
def test_wrong_usage_is_told_with_the_usage(script: Call, tmp_path: Path, arguments: list[str], said: str) -> None:
    done = script(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith(said)
    assert "usage: elasticsearch.sh start|stop|kill|status|env|data" in done.stderr
    assert done.stdout == ""
    assert not (tmp_path / "servers").exists()


def test_help_is_no_error(script: Call) -> None:
    done = script("--help")
    assert done.returncode == 0
    assert done.stdout.startswith("usage: elasticsearch.sh")
    assert done.stderr == ""


def test_where_nothing_runs_each_command_says_so(script: Call) -> None:
    for command in ("env", "data", "kill"):
        done = script(command, "--secured", "--name", "mine")
        assert (done.returncode, done.stdout) == (3, "")
        assert "Elasticsearch 8.19.8-secured-mine is not running" in done.stderr
    status = script("status")
    assert (status.returncode, status.stderr) == (3, "")
    assert status.stdout == "Nothing is running that this script started.\n"
    stop = script("stop")
    assert (stop.returncode, stop.stdout) == (0, status.stdout)


def test_a_server_that_is_there_is_used(script: Call, tmp_path: Path, there: str) -> None:
    for command in ("start", "status"):
        done = script(command, MEMORYENGINE_TEST_ES_URL=there)
        assert (done.returncode, done.stderr) == (0, "")
        assert f"names {there}, and Elasticsearch 8.17.0 answers there (green)." in done.stdout
    done = script("env", MEMORYENGINE_TEST_ES_URL=there)
    assert done.stdout == f"export MEMORYENGINE_TEST_ES_URL='{there}'\n"
    assert not (tmp_path / "servers").exists()


def test_a_server_of_another_version_than_asked_for_is_refused(script: Call, there: str) -> None:
    done = script("start", "--version", "8.13.4", MEMORYENGINE_TEST_ES_URL=there)
    assert done.returncode == 1
    assert f"{there}, which MEMORYENGINE_TEST_ES_URL names, is 8.17.0 and not 8.13.4" in done.stderr
    assert done.stdout == ""


def test_a_server_that_does_not_answer_is_refused_without_its_password(script: Call) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        done = script("start", MEMORYENGINE_TEST_ES_URL=f"http://elastic:hush@{place}")
    assert done.returncode == 1
    assert f"http://{place} does not answer as Elasticsearch does" in done.stderr
    assert f"MEMORYENGINE_TEST_ES_URL is set to http://***@{place}" in done.stderr
    assert "hush" not in done.stderr + done.stdout


def test_variables_are_quoted_for_the_shell(script: Call, there: str) -> None:
    password = "it's $HOME `x` \\"
    done = script(
        "env",
        "--secured",
        MEMORYENGINE_TEST_ES_SECURED_URL=there,
        MEMORYENGINE_TEST_ES_SECURED_USER="memoryengine",
        MEMORYENGINE_TEST_ES_SECURED_PASSWORD=password,
    )
    assert done.returncode == 0
    lines = [shlex.split(line) for line in done.stdout.splitlines()]
    assert lines[2] == ["export", f"MEMORYENGINE_TEST_ES_SECURED_PASSWORD={password}"]
    assert [line[1].partition("=")[0].removeprefix("MEMORYENGINE_TEST_ES_SECURED_") for line in lines] == [
        "URL", "USER", "PASSWORD", "CA",
    ]  # fmt: skip


def test_a_process_that_has_got_the_id_of_a_server_is_left_alone(script: Call, tmp_path: Path) -> None:
    folder = tmp_path / "servers/servers/8.19.8-mine"
    (folder / "tmp").mkdir(parents=True)
    (folder / "state").write_text("KIND='java'\nURL='http://127.0.0.1:1'\n")
    with subprocess.Popen(["sleep", "60"]) as other:
        (folder / "tmp/pid").write_text(str(other.pid))
        status = script("status")
        stop = script("stop", "--all")
        assert other.poll() is None
        other.kill()
    assert status.returncode == 3
    assert status.stdout == f"8.19.8-mine is not running; its data are in {folder}.\n"
    assert stop.stdout == "Elasticsearch 8.19.8-mine is stopped, and its data are removed.\n"
    assert not folder.exists()


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ([], {"8.19.8-run_12", "8.19.8-secured-run_1", "9.2.0-run_1_own"}),
        (["--all"], set()),
        (["--version", "8.13.4"], SERVERS - {"8.13.4"}),
        (["--secured"], SERVERS - {"8.19.8-secured"}),
        (["--name", "run_1"], {"8.13.4", "8.19.8", "8.19.8-run_12", "8.19.8-secured"}),
        (["--version", "9.2.0", "--name", "run_1"], SERVERS - {"9.2.0-run_1_own"}),
        (["--name", "other"], SERVERS),
    ],
)
def test_stop_ends_what_the_options_choose(script: Call, tmp_path: Path, options: list[str], kept: set[str]) -> None:
    for name in SERVERS:
        (tmp_path / "servers/servers" / name).mkdir(parents=True)
    done = script("stop", *options)
    assert done.returncode == 0
    assert {path.name for path in (tmp_path / "servers/servers").iterdir()} == kept
    told = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("Elasticsearch ")}
    assert told == SERVERS - kept


def test_a_java_that_is_too_old_is_not_taken(script: Call, tmp_path: Path) -> None:
    """Only where nothing else is found does it install: here the user may not, and no Java will do."""
    old = tmp_path / "java/bin/java"
    old.parent.mkdir(parents=True)
    old.write_text("#!/bin/sh\necho 'openjdk version \"11.0.1\"' >&2\n")
    old.chmod(0o755)
    code = (
        '. "$1/lib.sh"; . "$1/elasticsearch_java.sh"; as_owner() { "$@"; }; java_homes() { echo "$2"; }; '
        'install_packages() { return 1; }; NO_JAVA=4; need_java "$3"'
    )
    for version, wanted in (("8.13.4", "Java 17 to 23"), ("8.19.8", "Java 17 or newer"), ("9.2.0", "Java 21 or newer")):
        shell = ["sh", "-euc", code, "sh", str(SCRIPT.parent), str(tmp_path / "java"), version]
        done = subprocess.run(shell, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 4
        assert f"Elasticsearch {version} needs {wanted}" in done.stderr
        assert done.stdout == ""


@pytest.mark.elasticsearch
def test_the_servers_of_this_run_answer(es_url: str, es_secured: SecuredServer, script: Call) -> None:
    done = script("start", MEMORYENGINE_TEST_ES_URL=es_url)
    assert (done.returncode, done.stderr) == (0, "")
    secured = {f"MEMORYENGINE_TEST_ES_SECURED_{name.upper()}": str(value) for name, value in vars(es_secured).items()}
    done = script("start", "--secured", **secured)
    assert (done.returncode, done.stderr) == (0, "")
    wrong = script("start", "--secured", **secured | {"MEMORYENGINE_TEST_ES_SECURED_PASSWORD": "wrong"})
    assert wrong.returncode == 1
    assert "answers HTTP 401" in wrong.stderr
    unknown = script("start", "--secured", **secured | {"MEMORYENGINE_TEST_ES_SECURED_CA": ""})
    assert "certificate verify failed" in unknown.stderr


@pytest.mark.elasticsearch
def test_a_killed_server_comes_back_with_its_data(own_es: OwnServer) -> None:
    url = own_es.start()
    with urlopen(Request(f"{url}/kept", method="PUT"), timeout=30) as answer:
        assert answer.status == 200
    own_es.kill()
    with pytest.raises(URLError):
        urlopen(f"{url}/kept", timeout=5)
    assert any(path.is_file() for path in own_es.data().rglob("*"))
    starts = [subprocess.Popen([SCRIPT, "start", "--name", own_es.name], stdout=PIPE, text=True) for _ in range(2)]
    said = sorted(start.communicate()[0] for start in starts)
    assert [start.returncode for start in starts] == [0, 0]
    first, second = sorted(said, reverse=True)
    assert first.startswith(f"Starting Elasticsearch 8.19.8-{own_es.name} again with its data.\n")
    assert second == f"It runs already. {first.splitlines()[-1]}\n"
    assert own_es.start() == url
    with urlopen(Request(f"{url}/kept", method="DELETE"), timeout=30) as answer:
        assert answer.status == 200
