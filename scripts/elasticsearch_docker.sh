# Elasticsearch in Docker, where Docker can run containers; elasticsearch.sh sources this.

IMAGE=docker.elastic.co/elasticsearch/elasticsearch
DOCKER_HOME=/usr/share/elasticsearch

container() {
    printf 'memoryengine-elasticsearch-%s' "$ID"
}

# What is asked of Docker has a time limit: a daemon may hang, and an image may come over a slow line.
docker_within() {
    seconds=$1
    shift
    if command -v timeout >/dev/null 2>&1; then set -- timeout "$seconds" docker "$@"; else set -- docker "$@"; fi
    "$@" >>"$FOLDER/docker.log" 2>&1 8>&-
}

# Some have the client without a daemon, and some a daemon that may not publish a port.
docker_can() {
    command -v docker >/dev/null 2>&1 && docker_within 20 info || return 1
    if ! docker_within 20 image inspect "$IMAGE:$SERVES"; then
        echo "Fetching the image of Elasticsearch $SERVES ..."
        docker_within 600 pull --quiet "$IMAGE:$SERVES" || return 1
    fi
    docker_within 60 run --rm --publish "127.0.0.1:${URL##*:}:9200" --entrypoint true "$IMAGE:$SERVES"
}

docker_make() {
    docker_can || return 1
    docker_within 60 rm --force --volumes "$(container)" || true
    set -- --name "$(container)" --publish "127.0.0.1:${URL##*:}:9200" \
        --env ES_JAVA_OPTS="-Xms512m -Xmx512m" \
        --env cluster.name="memoryengine-$ID" \
        --env node.name="$ID" \
        --env discovery.type=single-node \
        --env cluster.routing.allocation.disk.threshold_enabled=false \
        --env ingest.geoip.downloader.enabled=false \
        --env xpack.security.autoconfiguration.enabled=false
    if [ -z "$PASSWORD" ]; then
        docker_within 60 create "$@" --env xpack.security.enabled=false "$IMAGE:$SERVES"
    else
        docker_within 60 create "$@" --env xpack.security.enabled=true \
            --env xpack.security.http.ssl.enabled=true \
            --env xpack.security.http.ssl.certificate=http.crt \
            --env xpack.security.http.ssl.key=http.key "$IMAGE:$SERVES" && docker_secure
    fi
}

docker_secure() {
    docker run --rm --entrypoint sh "$IMAGE:$SERVES" -c \
        'bin/elasticsearch-users useradd "$1" -p "$2" -r superuser >&2 && cat config/users' sh "$USERNAME" "$PASSWORD" \
        >"$FOLDER/security/users" 2>>"$FOLDER/docker.log" 8>&- || return 1
    give_roles "$FOLDER/security"
    for name in http.crt http.key users users_roles roles.yml; do
        chmod 640 "$FOLDER/security/$name" # in the container they are root's, and the server is of root's group
        docker_within 60 cp "$FOLDER/security/$name" "$(container):$DOCKER_HOME/config/$name" || return 1
    done
}

docker_launch() {
    docker_within 60 start "$(container)"
}

docker_running() {
    [ "$(docker inspect --format '{{.State.Running}}' "$(container)" 2>/dev/null 8>&-)" = true ]
}

docker_kill() {
    docker_running || return 0
    docker_within 60 kill "$(container)"
}

docker_remove() {
    docker_within 60 rm --force --volumes "$(container)"
}

docker_log() {
    docker logs --tail 25 "$(container)" 2>&1 8>&-
}

docker_data() {
    rm -rf "$FOLDER/data"
    docker_within 60 cp "$(container):$DOCKER_HOME/data" "$FOLDER/data" && echo "$FOLDER/data"
}
