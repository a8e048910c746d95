# Elasticsearch on a Java of this machine, from the distribution on Maven Central; elasticsearch.sh sources this.
#
# It refuses to run as root: as root it runs as MEMORYENGINE_ES_USER, else nobody, who owns what it writes and no more.

ARTIFACT=org.elasticsearch.distribution.integ-test-zip:elasticsearch
if [ "$(id -u)" -eq 0 ]; then OWNER=${MEMORYENGINE_ES_USER:-nobody}; else OWNER=$(id -un); fi

# as_owner COMMAND...: with nothing of this environment but the path.
as_owner() {
    set -- env -i PATH="$PATH" LANG=C.UTF-8 HOME="$FOLDER/tmp" ES_TMPDIR="$FOLDER/tmp" \
        ES_PATH_CONF="$FOLDER/config" ES_JAVA_HOME="$JAVA" "$@"
    if [ "$(id -u)" -ne 0 ]; then
        "$@"
    elif command -v setpriv >/dev/null 2>&1; then
        setpriv --reuid="$OWNER" --regid="$(id -g "$OWNER")" --clear-groups "$@"
    else
        su -s /bin/sh "$OWNER" -c 'exec "$0" "$@"' -- "$@"
    fi
}

owned() {
    mkdir -p "$@"
    [ "$(id -u)" -ne 0 ] || chown -R "$OWNER:$(id -g "$OWNER")" "$@"
    chmod -R go-rwx "$@"
}

# install_packages NAME...: only where it is root and the system has a package manager that is known here.
install_packages() {
    [ "$(id -u)" -eq 0 ] || return 1
    echo "Installing $* ..." >&2
    if command -v apt-get >/dev/null 2>&1; then
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } \
            >"$STORE/install.log" 2>&1 8>&-
    elif command -v dnf >/dev/null 2>&1; then
        dnf install -y -q "$@" >"$STORE/install.log" 2>&1 8>&-
    else
        return 1
    fi
}

# The Javas that a release runs on, as "LOWEST HIGHEST": before 8.18 it needs a security manager, which Java 24 has not.
java_range() {
    case $1 in
    8.? | 8.?.* | 8.1[0-7].*) echo 17 23 ;;
    8.*) echo 17 99 ;;
    *) echo 21 99 ;;
    esac
}

java_homes() {
    printf '%s\n' "${ES_JAVA_HOME:-}" "${JAVA_HOME:-}"
    if command -v java >/dev/null 2>&1; then
        dirname "$(dirname "$(readlink -f "$(command -v java)")")"
    fi
    printf '%s\n' /usr/lib/jvm/* /usr/local/openjdk* /usr/java/* /opt/java/* /opt/*jdk* \
        "${HOME:-}"/.sdkman/candidates/java/* /Library/Java/JavaVirtualMachines/*/Contents/Home
}

# Sets JAVA to the newest that the server's user may run; ES_JAVA_HOME is asked first, and taken if it will do.
find_java() {
    range=$(java_range "$1")
    JAVA="" best=0
    while read -r home; do
        [ -n "$home" ] && [ -x "$home/bin/java" ] || continue
        major=$(as_owner "$home/bin/java" -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -n 1)
        { [ "${major:-0}" -ge "${range% *}" ] && [ "${major:-0}" -le "${range#* }" ]; } || continue
        [ "$major" -gt "$best" ] || continue
        JAVA=$home best=$major
        [ "$home" != "${ES_JAVA_HOME:-}" ] || break
    done <<END
$(java_homes)
END
    [ -n "$JAVA" ]
}

need_java() {
    find_java "$1" && return 0
    for package in openjdk-21-jre-headless java-21-openjdk-headless openjdk-17-jre-headless java-17-openjdk-headless; do
        install_packages "$package" && find_java "$1" && return 0
    done
    range=$(java_range "$1")
    upper=${range#* }
    echo "Elasticsearch $1 needs Java ${range% *}$([ "$upper" = 99 ] && echo " or newer" || echo " to $upper"), and none" \
        "was found that user $OWNER may run; install one, or name its folder in ES_JAVA_HOME." >&2
    exit "$NO_JAVA"
}

# download VERSION FOLDER: by Maven, which knows the machine's mirrors, else plainly. A checksum that is there is compared;
# a mirror may have none, and then it is the zip's own that tells a damaged file.
download() {
    command -v mvn >/dev/null 2>&1 || install_packages maven || true
    if command -v mvn >/dev/null 2>&1; then
        mvn -B -U dependency:copy -Dartifact="$ARTIFACT:$1:zip" -DoutputDirectory="$2" >"$STORE/maven.log" 2>&1 8>&- &&
            return 0
        grep -m 3 ERROR "$STORE/maven.log" >&2 || true
    fi
    "$PYTHON_FOUND" - "${MAVEN_CENTRAL_URL:-https://repo.maven.apache.org/maven2}" "$ARTIFACT:$1" "$2" 8>&- <<'END'
import hashlib, sys, urllib.error, urllib.request

def get(url):
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read()

group, name, version = sys.argv[2].split(":")
url = f"{sys.argv[1]}/{group.replace('.', '/')}/{name}/{version}/{name}-{version}.zip"
try:
    content = get(url)
    digest = hashlib.sha1(content).hexdigest()
    try:
        right = get(url + ".sha1").decode()[:40]
    except urllib.error.HTTPError:
        right = digest
except OSError as error:
    sys.exit(f"{url} cannot be had: {error}.")
if digest != right:
    sys.exit(f"{url} arrived damaged; try again.")
with open(f"{sys.argv[3]}/{name}-{version}.zip", "wb") as file:
    file.write(content)
END
}

unzip_programs() {
    "$PYTHON_FOUND" -m zipfile -e "$1" "$2" 8>&- && chmod -R a+rX "$2" && chmod a+x "$2"/elasticsearch-*/bin/*
}

# Sets PROGRAM to the folder of the unzipped distribution. Two starts at once make it once.
need_program() {
    PROGRAM=$STORE/programs/elasticsearch-$1
    [ ! -d "$PROGRAM" ] || return 0
    (
        lock "program-$1"
        [ ! -d "$PROGRAM" ] || exit 0
        echo "Fetching Elasticsearch $1 ..."
        folder=$(mktemp -d "$STORE/fetch.XXXXXX") || exit 1
        trap 'rm -rf "$folder"' EXIT
        mkdir -p "$STORE/programs"
        download "$1" "$folder" && unzip_programs "$folder/elasticsearch-$1.zip" "$folder" &&
            mv "$folder/elasticsearch-$1" "$PROGRAM"
    ) || die "Elasticsearch $1 cannot be had. Is there such a version, and a network? Docker would do as well, or a server that is there already: MEMORYENGINE_TEST_ES_URL=http://..."
}

java_make() {
    need_java "$SERVES"
    need_program "$SERVES"
    cp -R "$PROGRAM/config" "$FOLDER/config"
    mkdir -p "$FOLDER/config/jvm.options.d"
    # Beside the program, where these would be written, the server's user may not write.
    sed -e '/-Xlog:gc/d' -e "s|=logs/|=$FOLDER/logs/|" "$PROGRAM/config/jvm.options" >"$FOLDER/config/jvm.options"
    # The marker tells this server's process from any other's, also when a process id was given away anew.
    printf '%s\n' -Xms512m -Xmx512m "-Dmemoryengine.server=$FOLDER" >"$FOLDER/config/jvm.options.d/memoryengine.options"
    owned "$FOLDER/config" "$FOLDER/data" "$FOLDER/logs" "$FOLDER/tmp"
    [ -z "$SECURED" ] || java_secure
}

java_secure() {
    as_owner "$PROGRAM/bin/elasticsearch-users" useradd "$USERNAME" -p "$PASSWORD" -r superuser \
        >"$FOLDER/security/users.log" 2>&1 8>&- || die "No user can be made: $(cat "$FOLDER/security/users.log")"
    cp "$FOLDER/security/http.crt" "$FOLDER/security/http.key" "$FOLDER/config/"
    give_roles "$FOLDER/config"
    owned "$FOLDER/config"
}

java_settings() {
    cat <<END
cluster.name: memoryengine-$ID
node.name: $ID
discovery.type: single-node
network.host: 127.0.0.1
http.port: ${URL##*:}
path.data: $FOLDER/data
path.logs: $FOLDER/logs
cluster.routing.allocation.disk.threshold_enabled: false
xpack.security.enabled: $([ -n "$PASSWORD" ] && echo true || echo false)
END
    [ ! -d "$PROGRAM/modules/ingest-geoip" ] || echo "ingest.geoip.downloader.enabled: false"
    [ -z "$PASSWORD" ] || cat <<END
xpack.security.autoconfiguration.enabled: false
xpack.security.http.ssl.enabled: true
xpack.security.http.ssl.certificate: http.crt
xpack.security.http.ssl.key: http.key
END
}

# The launcher waits until the server listens, and ends; setsid keeps a Ctrl-C meant for the tests from the server.
java_launch() {
    PROGRAM=$STORE/programs/elasticsearch-$SERVES
    java_settings >"$FOLDER/config/elasticsearch.yml"
    rm -f "$FOLDER/tmp/pid"
    set -- "$PROGRAM/bin/elasticsearch" -d -p "$FOLDER/tmp/pid"
    if command -v timeout >/dev/null 2>&1; then set -- timeout -k 10 "$PATIENCE" "$@"; fi
    if command -v setsid >/dev/null 2>&1; then set -- setsid "$@"; fi
    (cd "$FOLDER" && as_owner "$@" </dev/null >"$FOLDER/launch.log" 2>&1 8>&-)
}

java_process() {
    cat "$FOLDER/tmp/pid" 2>/dev/null
}

java_running() {
    process=$(java_process) || return 1
    if [ -r /proc/self/cmdline ]; then
        tr '\0' '\n' <"/proc/$process/cmdline" 2>/dev/null
    else
        ps -ww -o args= -p "$process" | tr ' ' '\n'
    fi | grep -Fqx -e "-Dmemoryengine.server=$FOLDER"
}

java_kill() {
    java_running || return 0
    kill -KILL "$(java_process)"
    # Its threads go one by one, and the last one closes the files: only then may another server have data and port.
    "$PYTHON_FOUND" - "${URL##*:}" 8>&- <<'END'
import socket, sys, time

for _ in range(500):
    with socket.socket() as client:
        if client.connect_ex(("127.0.0.1", int(sys.argv[1]))):
            break
    time.sleep(0.02)
END
}

java_remove() {
    :
}

java_log() {
    cat "$FOLDER/launch.log" "$FOLDER/logs/memoryengine-$ID.log" 2>/dev/null
}

java_data() {
    echo "$FOLDER/data"
}
