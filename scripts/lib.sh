# Shared by the scripts, which source it: a virtual environment outside the checkout, made once and kept.
#
# It needs nothing but Python 3.11 or newer. PYTHON names another interpreter; the environments lie in
# $XDG_CACHE_HOME/memoryengine (else ~/.cache/memoryengine), one for each interpreter, checkout and setup.py.

die() {
    printf '%s\n' "$*" >&2
    exit 1
}

heading() {
    printf '\n=== %s ===\n' "$*"
}

# The first Python that runs and is new enough, as a path.
find_python() {
    for name in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.14 python; do
        "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue
        "$name" -c 'import sys; print(sys.executable)'
        return 0
    done
    return 1
}

# make_venv PYTHON FOLDER: Debian ships Python without ensurepip, so there are three ways.
make_venv() {
    "$1" -m venv "$2" >/dev/null 2>&1 && "$2/bin/python" -m pip --version >/dev/null 2>&1 && return 0
    rm -rf "$2"
    if "$1" -m pip --version >/dev/null 2>&1; then
        rm -rf "$2.tool"
        "$1" -m pip install --quiet --disable-pip-version-check --target "$2.tool" virtualenv &&
            PYTHONPATH="$2.tool" "$1" -m virtualenv --quiet "$2"
        made=$?
        rm -rf "$2.tool"
        [ "$made" -eq 0 ] && return 0
    fi
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
        version=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        DEBIAN_FRONTEND=noninteractive
        export DEBIAN_FRONTEND
        { apt-get update -qq && apt-get install -y -qq "python$version-venv"; } >&2 && "$1" -m venv "$2" && return 0
    fi
    die "No virtual environment can be made with $1. Install its venv module (on Debian: apt-get install python3-venv)."
}

# use_venv ROOT REQUIREMENT: sets VENV_PYTHON to the Python of an environment with REQUIREMENT ("." or ".[dev]").
use_venv() {
    python=$(find_python) || die "Python 3.11 or newer is needed and was not found; PYTHON=/path/to/python names one."
    kind=$(printf '%s' "$2" | tr -cd 'a-z')
    key=$({ "$python" -VV; echo "$python" "$1"; cat "$1/setup.py"; } | cksum | cut -d ' ' -f 1)
    cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/memoryengine
    venv=$cache/venv-${kind:-run}-$key
    mkdir -p "$cache"
    if command -v flock >/dev/null 2>&1; then # two scripts at once make it once
        exec 9>"$venv.lock"
        flock 9
    fi
    if [ ! -e "$venv/.complete" ]; then
        heading "Making an environment with $("$python" -V) in $venv"
        rm -rf "$venv"
        make_venv "$python" "$venv"
        (cd "$1" && "$venv/bin/python" -m pip install --quiet --no-compile --prefer-binary \
            --disable-pip-version-check --editable "$2") || die "The installation failed; see the lines above."
        : >"$venv/.complete"
    fi
    exec 9>&- 2>/dev/null || true
    VENV_PYTHON=$venv/bin/python
}
