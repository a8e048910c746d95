#!/bin/sh
# Lint, types, import directions and tests, all of them even if one fails. Arguments go to pytest.
# Makes the environment that it needs; see lib.sh.
set -u
ROOT=$(cd "$(dirname "$0")/.." && pwd -P)
. "$ROOT/scripts/lib.sh"
use_venv "$ROOT" ".[dev]"
cd "$ROOT" || exit 1
PATH=$(dirname "$VENV_PYTHON"):$PATH
PYTHONUTF8=1
export PATH PYTHONUTF8

failed=""
check() {
    name=$1
    shift
    heading "$name"
    "$@" || failed="$failed, $name"
}

check "Lint" ruff check .
check "Types" mypy
check "Import directions" lint-imports
check "Tests" python -m pytest "$@"

heading "Result"
if [ -n "$failed" ]; then
    echo "failed: ${failed#, }"
    exit 1
fi
echo "all passed"
