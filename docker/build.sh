#!/bin/sh
# Builds every image: `docker/build.sh [options of docker build]`. RELEASE=... is their tag, and what they say they are.
set -eu
cd "$(dirname "$0")/.."

release=${RELEASE:-$(sed -n 's/^version = //p' setup.cfg)}
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)

for file in docker/*/Dockerfile; do
    name=$(basename "$(dirname "$file")")
    echo "baraza-$name:$release"
    docker build --quiet "$@" --file "$file" --tag "baraza-$name:$release" \
        --build-arg RELEASE="$release" --build-arg REVISION="$revision" .
done
docker images --filter reference="baraza-*:$release" --format '{{.Repository}}:{{.Tag}}  {{.Size}}'
