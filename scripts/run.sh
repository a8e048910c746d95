#!/bin/sh
# The main job, from nothing: the walk-through in both languages, then a sample conversation of two users, remembered
# and asked about. Makes the environment that it needs (see lib.sh) and works on a store that is gone afterwards.
set -eu
ROOT=$(cd "$(dirname "$0")/.." && pwd -P)
. "$ROOT/scripts/lib.sh"
use_venv "$ROOT" "."
MEMORYENGINE_HOME=$(mktemp -d)
PYTHONUTF8=1
export MEMORYENGINE_HOME PYTHONUTF8
unset MEMORYENGINE_CONFIG
trap 'rm -rf "$MEMORYENGINE_HOME"' EXIT
memoryengine() {
    "$VENV_PYTHON" -m memoryengine --config embedded "$@"
}

heading "The walk-through"
memoryengine demo
heading "A sample conversation: import"
memoryengine import "$ROOT/scripts/sample_conversation.jsonl"
heading "Consolidate"
memoryengine consolidate
heading "Reflect"
memoryengine reflect
heading "Ask"
"$VENV_PYTHON" "$ROOT/scripts/ask_sample.py"
