#!/bin/sh
# A real Elasticsearch for the tests, which this machine alone can reach. `elasticsearch.sh --help` says how to use it.
#
# MEMORYENGINE_TEST_ES_URL names a server that is there already. Else one runs in Docker where Docker can run
# containers, and else on a Java of this machine, from the distribution that Maven Central carries: it has the core and
# the security of Elasticsearch and no optional module. How each of the two does it is in elasticsearch_docker.sh and
# elasticsearch_java.sh; both offer make, launch, running, kill, remove, log and data.
set -eu
umask 022 # the unprivileged user of a server reads what root unpacks
ROOT=$(cd "$(dirname "$0")/.." && pwd -P)
. "$ROOT/scripts/lib.sh"
. "$ROOT/scripts/elasticsearch_docker.sh"
. "$ROOT/scripts/elasticsearch_java.sh"
. "$ROOT/scripts/elasticsearch_security.sh"

DEFAULT_VERSION=8.19.8
PATIENCE=${MEMORYENGINE_ES_PATIENCE:-120} # seconds for a server to become healthy
NOT_RUNNING=3
NO_JAVA=4

usage() {
    cat <<END
usage: elasticsearch.sh start|stop|kill|status|env|data [--version V] [--secured] [--name NAME] [--port P] [--all]

  start   starts a server, waits until it is healthy and says how to reach it; a killed one gets its data and port back
  stop    ends what start started and removes its data: what the options choose, else all that have no name, and with
          --all these too; downloads are kept
  kill    ends a server at once (SIGKILL) and keeps its data, as a power cut does
  status  what runs, and where
  env     the variables for the tests: eval "\$(scripts/elasticsearch.sh env)"
  data    the folder with the data of a server; of one in Docker it is a copy, made anew by each call

  --version V   which Elasticsearch ($DEFAULT_VERSION)
  --secured     with passwords and TLS
  --name NAME   a server beside the others, also where MEMORYENGINE_TEST_ES_URL names one; to stop and status it means
                NAME_... too, so that a run of tests finds all that it started
  --port P      its port, else a free one
  --all         with stop: all of them

Servers of different version, name or security run side by side. Downloads and data lie in
$STORE (MEMORYENGINE_ES_HOME names another folder).
A server has $PATIENCE s to become healthy (MEMORYENGINE_ES_PATIENCE says otherwise).
Exit codes: 0 done or running, 1 failed, 2 wrong usage, $NOT_RUNNING not running, $NO_JAVA no Java here for this version.
END
}

misuse() {
    printf '%s\n\n' "$1" >&2
    usage >&2
    exit 2
}

# As root it lies where the unprivileged user that runs the server can come, which is not below root's home.
default_store() {
    if [ "$(id -u)" -eq 0 ]; then
        echo /var/cache/memoryengine/elasticsearch
    else
        echo "${XDG_CACHE_HOME:-${HOME:?names no folder}/.cache}/memoryengine/elasticsearch"
    fi
}

parse() {
    [ $# -gt 0 ] || misuse "What to do is missing."
    COMMAND=$1
    VERSION="" SECURED="" NAME="" PORT="" ALL=""
    case $COMMAND in
    -h | --help | help) usage && exit 0 ;;
    start | stop | kill | status | env | data) shift ;;
    *) misuse "There is no command '$COMMAND'." ;;
    esac
    while [ $# -gt 0 ]; do
        case $1 in
        --secured) SECURED=yes && shift && continue ;;
        --all) [ "$COMMAND" = stop ] || misuse "--all goes with stop." && ALL=yes && shift && continue ;;
        --version | --name | --port) [ $# -gt 1 ] || misuse "$1 needs a value." ;;
        *) misuse "There is no option '$1'." ;;
        esac
        check_value "$1" "$2"
        shift 2
    done
}

check_value() {
    case $1 in
    --version)
        printf '%s' "$2" | grep -Eqx '[0-9]+\.[0-9]+\.[0-9]+' || misuse "--version is like $DEFAULT_VERSION, not '$2'."
        VERSION=$2
        ;;
    --name)
        printf '%s' "$2" | grep -Eqx '[a-z0-9][a-z0-9_]{0,39}' || misuse "--name is a-z, 0-9 and _, not '$2'."
        [ "$2" != secured ] || misuse "--name is anything but 'secured', which is an option."
        NAME=$2
        ;;
    --port)
        { printf '%s' "$2" | grep -Eqx '[0-9]{1,5}' && [ "$2" -ge 1 ] && [ "$2" -le 65535 ]; } ||
            misuse "--port is a number from 1 to 65535, not '$2'."
        PORT=$2
        ;;
    esac
}

# identify VERSION[-secured][-NAME]: sets FOLDER, where all of a server lies but the program; STATE says what it is.
identify() {
    ID=$1
    SERVES=${ID%%-*}
    FOLDER=$STORE/servers/$ID
    STATE=$FOLDER/state
}

# lock NAME: one of a kind at a time, until the script or the subshell ends. What was waited for may have been removed
# by 'stop' meanwhile, and is made anew then.
lock() {
    mkdir -p "$STORE/locks" || die "$STORE cannot be made; MEMORYENGINE_ES_HOME names another folder."
    if command -v flock >/dev/null 2>&1; then
        while exec 8>"$STORE/locks/$1" && flock 8; do
            if [ ! -e /proc/self/fd/8 ] || [ "$STORE/locks/$1" -ef /proc/self/fd/8 ]; then break; fi
        done
    fi
}

# assign NAME VALUE: prints it as a shell reads it.
assign() {
    printf "%s='%s'\n" "$1" "$(printf '%s' "$2" | sed "s/'/'\\\\''/g")"
}

load() {
    [ -f "$STATE" ] || return 1
    KIND="" URL="" USERNAME="" PASSWORD="" CA="" JAVA=""
    . "$STATE"
}

save() {
    (
        umask 077
        for name in KIND URL USERNAME PASSWORD CA JAVA; do
            eval "assign $name \"\$$name\""
        done >"$STATE.new"
    )
    mv "$STATE.new" "$STATE"
}

running() {
    "${KIND}_running"
}

# probe URL: prints "VERSION STATUS" of a server that answers and is green or yellow, else says on stderr what is wrong.
probe() {
    PROBE_USER=${USERNAME:-} PROBE_PASSWORD=${PASSWORD:-} PROBE_CA=${CA:-} "$PYTHON_FOUND" - "$1" 8>&- <<'END'
import base64, json, os, ssl, sys, urllib.error, urllib.parse, urllib.request

def get(path):
    return json.load(opener.open(urllib.request.Request(base + path, headers=headers), timeout=5))

url = urllib.parse.urlsplit(sys.argv[1])
base = urllib.parse.urlunsplit((url.scheme, url.netloc.rpartition("@")[2], url.path.rstrip("/"), "", ""))
user = os.environ["PROBE_USER"] or urllib.parse.unquote(url.username or "")
password = os.environ["PROBE_PASSWORD"] or urllib.parse.unquote(url.password or "")
secret = base64.b64encode(f"{user}:{password}".encode()).decode()
headers = {"Authorization": "Basic " + secret} if user else {}
try:
    context = ssl.create_default_context(cafile=os.environ["PROBE_CA"] or None)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    status = get("/_cluster/health")["status"]
    nodes = get("/_nodes/_local?filter_path=nodes.*.version")["nodes"]
except urllib.error.HTTPError as error:
    sys.exit(f"{base} answers HTTP {error.code}.")
except (OSError, ValueError, KeyError) as error:
    sys.exit(f"{base} does not answer as Elasticsearch does: {getattr(error, 'reason', error)}.")
if status not in ("green", "yellow"):
    sys.exit(f"{base} is {status}.")
print(next(iter(nodes.values()))["version"], status)
END
}

# A port below those that the system gives to clients: one that knocks at a dead server must not meet itself.
free_port() {
    "$PYTHON_FOUND" - 8>&- <<'END'
import random, socket

for port in random.sample(range(19200, 20000), 800):
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind(("127.0.0.1", port))
        except OSError:
            continue
    print(port)
    break
END
}

wait_until_healthy() {
    limit=$(($(date +%s) + PATIENCE))
    while running; do
        probe "$URL" >"$FOLDER/health" 2>&1 && return 0
        [ "$(date +%s)" -lt "$limit" ] || return 1
        sleep 0.3
    done
    return 1
}

reach() {
    if [ -n "$USERNAME" ]; then
        echo "Elasticsearch $ID answers at $URL; the command 'env' with the same options prints user, password and CA."
    else
        echo "Elasticsearch $ID answers at $URL."
    fi
}

# A server that is not the script's own. A named one is, and runs beside it.
foreign() {
    [ -z "$NAME" ] || return 1
    USERNAME="" PASSWORD="" CA=""
    if [ -z "$SECURED" ]; then
        URL=${MEMORYENGINE_TEST_ES_URL:-}
    else
        URL=${MEMORYENGINE_TEST_ES_SECURED_URL:-}
        USERNAME=${MEMORYENGINE_TEST_ES_SECURED_USER:-}
        PASSWORD=${MEMORYENGINE_TEST_ES_SECURED_PASSWORD:-}
        CA=${MEMORYENGINE_TEST_ES_SECURED_CA:-}
    fi
    [ -n "$URL" ]
}

shown_url() {
    printf '%s\n' "$1" | sed 's|//[^/]*@|//***@|'
}

check_foreign() {
    found=$(probe "$URL") || die "MEMORYENGINE_TEST_ES_URL is set to $(shown_url "$URL"), and no server can be used there; unset it to have one started."
    if [ -n "$VERSION" ] && [ "${found% *}" != "$VERSION" ]; then
        die "$(shown_url "$URL"), which MEMORYENGINE_TEST_ES_URL names, is ${found% *} and not $VERSION; unset it to have $VERSION started."
    fi
    echo "MEMORYENGINE_TEST_ES_URL names $(shown_url "$URL"), and Elasticsearch ${found% *} answers there (${found#* })."
}

make_server() {
    rm -rf "$FOLDER" # what a start that was killed may have left
    trap 'rm -rf "$FOLDER"' EXIT
    mkdir -p "$FOLDER"
    URL=http${SECURED:+s}://127.0.0.1:$PORT
    USERNAME="" PASSWORD="" CA="" JAVA=""
    if [ -n "$SECURED" ]; then
        USERNAME=memoryengine
        PASSWORD=$("$PYTHON_FOUND" -c 'import secrets; print("p" + secrets.token_hex(12))')
        make_certificates
    fi
    KIND=docker
    if ! docker_make; then
        KIND=java
        java_make
    fi
    save
    trap - EXIT
}

start() {
    if foreign; then
        check_foreign
        return
    fi
    lock "$ID"
    wanted=$PORT
    if ! load; then
        PORT=${PORT:-$(free_port)}
        make_server
    elif running; then
        [ -z "$wanted" ] || [ "$URL" != "${URL%":$wanted"}" ] ||
            die "Elasticsearch $ID runs already at $URL; stop it to have another port, or give a --name."
        wait_until_healthy || give_up
        echo "It runs already. $(reach)"
        return
    else
        echo "Starting Elasticsearch $ID again with its data."
        URL=${URL%:*}:${wanted:-${URL##*:}}
        save
    fi
    "${KIND}_launch" && wait_until_healthy || give_up
    reach
}

give_up() {
    {
        echo "Elasticsearch $ID did not become healthy within $PATIENCE s. Its last words:"
        "${KIND}_log" | tail -n 25
        echo "$(tail -n 1 "$FOLDER/health" 2>/dev/null) Its data and logs are kept in $FOLDER; 'stop' removes them."
        echo "MEMORYENGINE_TEST_ES_URL=http://... takes a server that is there already."
    } >&2
    "${KIND}_kill" || true
    exit 1
}

# for_each FUNCTION: for all servers, or those that the options choose. Each in a subshell.
for_each() {
    [ -d "$STORE/servers" ] || return 0
    for path in "$STORE/servers"/*/; do
        identify "$(basename "$path")"
        [ -d "$FOLDER" ] && chosen && ("$1")
    done
    return 0
}

chosen() {
    case $ID in "${VERSION:-${ID%%-*}}" | "${VERSION:-${ID%%-*}}"-*) ;; *) return 1 ;; esac
    case $ID in *-secured | *-secured-*) ;; *) [ -z "$SECURED" ] || return 1 ;; esac
    case $ID in *-"$NAME" | *-"$NAME"_*) ;; *) [ -z "$NAME" ] || return 1 ;; esac
}

# A server with a name belongs to somebody's run: it goes on unless it is asked for.
stop_one() {
    case $ID in
    *-secured | "$SERVES") ;;
    *) [ -n "$NAME$ALL" ] || { echo "$ID goes on; --name or --all stops it too." && return; } ;;
    esac
    lock "$ID"
    if load; then
        "${KIND}_kill"
        "${KIND}_remove"
    fi
    rm -rf "$FOLDER" "$STORE/locks/$ID"
    echo "Elasticsearch $ID is stopped, and its data are removed."
}

stop() {
    stopped=$(for_each stop_one)
    echo "${stopped:-Nothing is running that this script started.}"
}

kill_one() {
    lock "$ID"
    if ! load || ! running; then
        echo "Elasticsearch $ID is not running." >&2
        exit $NOT_RUNNING
    fi
    "${KIND}_kill"
    echo "Elasticsearch $ID is killed; 'start' with the same options starts it again with its data."
}

status_one() {
    if ! load; then
        echo "$ID is being made."
    elif ! running; then
        echo "$ID is not running; its data are in $FOLDER."
    elif health=$(probe "$URL" 2>&1); then
        echo "$ID runs at $URL (${health#* }, $KIND)."
    else
        echo "$ID is not healthy: $health"
    fi
}

status() {
    if foreign; then
        check_foreign
        for_each status_one
        return
    fi
    found=$(for_each status_one)
    echo "${found:-Nothing is running that this script started.}"
    printf '%s\n' "$found" | grep -q ' runs at ' || exit $NOT_RUNNING
}

data_of_one() {
    if ! load; then
        echo "Elasticsearch $ID is not running; 'start' with the same options starts it." >&2
        exit $NOT_RUNNING
    fi
    "${KIND}_data"
}

env_of_one() {
    if ! foreign && { ! load || ! running; }; then
        echo "Elasticsearch $ID is not running; 'start' with the same options starts it." >&2
        exit $NOT_RUNNING
    fi
    prefix="export MEMORYENGINE_TEST_ES"
    if [ -z "$SECURED" ]; then
        assign "${prefix}_URL" "$URL"
    else
        assign "${prefix}_SECURED_URL" "$URL"
        assign "${prefix}_SECURED_USER" "$USERNAME"
        assign "${prefix}_SECURED_PASSWORD" "$PASSWORD"
        assign "${prefix}_SECURED_CA" "$CA"
    fi
}

STORE=${MEMORYENGINE_ES_HOME:-$(default_store)}
parse "$@"
PYTHON_FOUND=$(find_python) || die "Python 3.11 or newer is needed and was not found; PYTHON=/path/to/python names one."
identify "${VERSION:-$DEFAULT_VERSION}${SECURED:+-secured}${NAME:+-$NAME}"
case $COMMAND in
start) start ;;
stop) stop ;;
kill) kill_one ;;
status) status ;;
env) env_of_one ;;
data) data_of_one ;;
esac
