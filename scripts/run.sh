#!/bin/sh
# The main job, from nothing: the walk-through in both languages, then a sample conversation of two users, remembered
# and asked about. Makes the environment that it needs (see lib.sh) and works on a store that is gone afterwards.
#
# usage: run.sh [--store sqlite|elasticsearch]
#
# The Elasticsearch is the one that MEMORYENGINE_TEST_ES_URL names, else one that elasticsearch.sh starts and stops.
set -eu
ROOT=$(cd "$(dirname "$0")/.." && pwd -P)
. "$ROOT/scripts/lib.sh"
KIND=sqlite
case "$#:${1:-}:${2:-}" in
0:*) ;;
2:--store:sqlite | 2:--store:elasticsearch) KIND=$2 ;;
*) die "usage: run.sh [--store sqlite|elasticsearch]" ;;
esac
use_venv "$ROOT" "."
MEMORYENGINE_HOME=$(mktemp -d)
PYTHONUTF8=1
export MEMORYENGINE_HOME PYTHONUTF8
unset MEMORYENGINE_CONFIG
CONFIG=embedded SERVER="" PREFIX=""
trap clean_up EXIT

clean_up() {
    if [ -n "$SERVER" ]; then
        "$ROOT/scripts/elasticsearch.sh" stop --name "$SERVER"
    elif [ -n "$PREFIX" ]; then
        "$VENV_PYTHON" "$ROOT/scripts/stores.py" remove "$MEMORYENGINE_TEST_ES_URL" "$PREFIX"
    fi
    rm -rf "$MEMORYENGINE_HOME"
}

memoryengine() {
    "$VENV_PYTHON" -m memoryengine --config "$CONFIG" "$@"
}

if [ "$KIND" = elasticsearch ]; then
    if [ -z "${MEMORYENGINE_TEST_ES_URL:-}" ]; then
        SERVER=run_$$
        "$ROOT/scripts/elasticsearch.sh" start --name "$SERVER"
        eval "$("$ROOT/scripts/elasticsearch.sh" env --name "$SERVER")"
    fi
    PREFIX=run-$$-$(date +%s)
    CONFIG=$MEMORYENGINE_HOME/elasticsearch.yaml
    cat >"$CONFIG" <<END
extends: elasticsearch
store: {use: elasticsearch, url: "$MEMORYENGINE_TEST_ES_URL", index_prefix: $PREFIX}
END
fi

heading "The walk-through"
memoryengine demo
heading "A sample conversation: import"
memoryengine import "$ROOT/scripts/sample_conversation.jsonl"
heading "Consolidate"
memoryengine consolidate
heading "Reflect"
memoryengine reflect
heading "Ask"
"$VENV_PYTHON" "$ROOT/scripts/ask_sample.py" "$CONFIG"
