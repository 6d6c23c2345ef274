#!/bin/sh
# Build an image for each folder with a Dockerfile: `docker/build.sh [options of docker build]`.
# RELEASE is the tag and version of the images; by default the version in setup.cfg.
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
