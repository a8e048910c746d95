#!/bin/sh
# Lint, types, import directions and tests, all of them even if one fails. Makes the environment that it needs (see
# lib.sh), starts the Elasticsearch that the tests need (see elasticsearch.sh) and stops it.
set -u
ROOT=$(cd "$(dirname "$0")/.." && pwd -P)
. "$ROOT/scripts/lib.sh"

RUN=run_$$ # what this run starts bears this name, so that runs at the same time leave each other alone
OTHER_VERSIONS="8.13.4 9.2.0"
SEEDS="" # of the random programs; fewer on the versions that are tested beside another
NO_JAVA=4 # what elasticsearch.sh says where no Java is new enough

usage() {
    cat <<END
usage: test.sh [--elasticsearch VERSION]... [--all-versions] [--no-elasticsearch] [pytest arguments]

  --elasticsearch V    only what every version must keep, contract and congruence, on that version
  --all-versions       everything, and contract and congruence on $OTHER_VERSIONS too
  --no-elasticsearch   nothing that needs an Elasticsearch
END
}

# use_server GIVEN OPTION...: sets the variables by which tests find the server. GIVEN is one that is there already.
use_server() {
    given=$1
    shift
    [ -n "$given" ] || set -- "$@" --name "$RUN"
    "$ROOT/scripts/elasticsearch.sh" start "$@" || return
    variables=$("$ROOT/scripts/elasticsearch.sh" env "$@") && eval "$variables"
}

stop_servers() {
    heading "Elasticsearch"
    "$ROOT/scripts/elasticsearch.sh" stop --name "$RUN" "$@"
}

WORKERS="-n 2 --dist loadfile" # the tests of one file share what they start; `-n 0` after it shows them one by one
failed=""
left_out=""
check() {
    name=$1
    shift
    heading "$name"
    "$@" || failed="$failed, $name"
}

# tests_on_version VERSION GIVEN ARGUMENT...: in a subshell, for other tests know another server.
tests_on_version() (
    version=$1
    use_server "$2" --version "$version" || exit
    shift 2
    MEMORYENGINE_TEST_SEEDS=${MEMORYENGINE_TEST_SEEDS:-$SEEDS} python -m pytest $WORKERS -m elasticsearch_versions "$@" ||
        exit 1
    stop_servers --version "$version"
)

check_version() {
    heading "Tests on Elasticsearch $1"
    tests_on_version "$@"
    result=$?
    if [ $result -eq $NO_JAVA ] && [ -z "$versions" ]; then
        left_out="$left_out, contract and congruence on Elasticsearch $1, for which there is no Java"
    elif [ $result -ne 0 ]; then
        failed="$failed, Tests on Elasticsearch $1"
    fi
}

# Servers take long to start, so they do while other things are checked; what goes wrong is told by use_server.
start_servers() {
    [ -n "${MEMORYENGINE_TEST_ES_URL:-}" ] || "$ROOT/scripts/elasticsearch.sh" start --name "$RUN"
    [ -n "${MEMORYENGINE_TEST_ES_SECURED_URL:-}" ] || "$ROOT/scripts/elasticsearch.sh" start --name "$RUN" --secured
}

check_all() {
    [ -z "$servers" ] || start_servers >/dev/null 2>&1 &
    starting=$!
    check "Lint" ruff check .
    check "Types" mypy
    check "Import directions" lint-imports
    wait $starting
    if [ -n "$servers" ]; then
        check "Elasticsearch" use_server "${MEMORYENGINE_TEST_ES_URL:-}"
        check "Elasticsearch, secured" use_server "${MEMORYENGINE_TEST_ES_SECURED_URL:-}" --secured
    fi
    if [ -n "$servers" ] && [ -n "${MEMORYENGINE_TEST_ES_URL:-}" ]; then
        check "Tests" python -m pytest $WORKERS "$@"
    else
        left_out=", everything that needs an Elasticsearch"
        check "Tests" python -m pytest $WORKERS -m "not elasticsearch and not elasticsearch_versions" "$@"
    fi
    [ -z "$other_versions" ] || stop_servers
    SEEDS="0-1"
    for version in $other_versions; do
        check_version "$version" "" "$@"
    done
}

servers=yes versions="" other_versions=""
while [ $# -gt 0 ]; do
    case $1 in
    --elasticsearch)
        [ $# -gt 1 ] || { usage >&2 && exit 2; }
        versions="$versions $2"
        shift
        ;;
    --all-versions) other_versions=$OTHER_VERSIONS ;;
    --no-elasticsearch) servers="" ;;
    --help) usage && exit 0 ;;
    *) break ;;
    esac
    shift
done
if [ -z "$servers" ] && [ -n "$versions$other_versions" ]; then
    usage >&2
    exit 2
fi

use_venv "$ROOT" ".[dev]"
cd "$ROOT" || exit 1
PATH=$(dirname "$VENV_PYTHON"):$PATH
PYTHONUTF8=1
MEMORYENGINE_TEST_RUN=$RUN
export PATH PYTHONUTF8 MEMORYENGINE_TEST_RUN
if [ -n "$servers" ]; then
    trap stop_servers EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
fi

if [ -n "$versions" ]; then
    for version in $versions; do
        check_version "$version" "${MEMORYENGINE_TEST_ES_URL:-}" "$@"
    done
else
    check_all "$@"
fi

[ -z "$servers" ] || stop_servers
trap - EXIT
heading "Result"
if [ -n "$failed" ]; then
    echo "failed: ${failed#, }"
else
    echo "all passed"
fi
if [ -n "$left_out" ]; then
    printf '\n*** NOT RUN: %s. ***\n' "${left_out#, }"
fi
[ -z "$failed" ]
