#!/bin/sh
# Makes /opt/venv from a lock file, in the first stage of an image: `install.sh requirements.lock`. Every download is
# checked against its hash, setuptools too, which comes first because it builds what is published as source only.
set -eu

install() {
    pip --python /opt/venv/bin/python install --no-cache-dir --disable-pip-version-check \
        --no-deps --require-hashes --no-build-isolation --use-pep517 --requirement "$1"
}

python -m venv --without-pip /opt/venv
sed -n '/^setuptools==/,/[^\\]$/p' "$1" >"$1.first"
if [ -s "$1.first" ]; then
    install "$1.first"
fi
install "$1"
