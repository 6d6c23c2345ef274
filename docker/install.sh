#!/bin/sh
# Create /opt/venv from a lock file, in the build stage of an image: `install.sh requirements.lock`. pip verifies the
# hash of every download. setuptools is installed first, because it builds the packages that have no wheel.
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
