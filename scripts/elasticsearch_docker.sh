# Elasticsearch in Docker, where Docker can run containers; elasticsearch.sh sources this.

IMAGE=docker.elastic.co/elasticsearch/elasticsearch

container() {
    printf 'memoryengine-elasticsearch-%s' "$ID"
}

docker_make() {
    return 1
}
