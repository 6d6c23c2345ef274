#!/usr/bin/env bash
# Prepare a bare Debian or Ubuntu: .venv from requirements.lock, and packages of the distribution: `bootstrap.sh
# prepare servers monitoring balancing load`. It prints nothing if there is nothing to do.
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C.UTF-8

python=${PYTHON:-python3}
log=.run/bootstrap.log
policy=/usr/sbin/policy-rc.d
cluster=/etc/postgresql-common/createcluster.d/baraza.conf

prepare() {
    mkdir -p .run
    exec 9>.run/bootstrap.lock
    flock 9 # two commands may start at the same time
    : >"$log"
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>>"$log" ||
        fail "$python must be Python 3.11 or newer; PYTHON=... chooses another one"
    mapfile -t missing < <(missing_packages " $* ")
    if ((${#missing[@]})); then
        as_root true # asks for a password before the output goes to the log
        step "install ${missing[*]}" install_packages "${missing[@]}"
    fi
    if [[ ! -e $(stamp) ]]; then
        step "virtual environment" virtual_environment
    fi
}

# A server of the user's own (its variable is set) needs no package.
missing_packages() {
    "$python" -c 'import ensurepip, venv' 2>>"$log" || echo python3-venv
    if [[ $1 == *" servers "* ]]; then
        [[ -n ${AMQP_URI:-} ]] || need rabbitmq-server /usr/lib/rabbitmq/bin/rabbitmq-server
        [[ -n ${REDIS_URL:-} ]] || need redis-server /usr/bin/redis-server
        [[ -n ${POSTGRES_HOST:-} && -n ${GATEWAY_POSTGRES_HOST:-} ]] || need postgresql /usr/lib/postgresql/*/bin/initdb
    fi
    if [[ ${TOPOLOGY:-} == scale || $1 == *" balancing "* ]]; then
        need haproxy /usr/sbin/haproxy
    fi
    if [[ $1 == *" load "* ]]; then
        need wrk /usr/bin/wrk
    fi
    if [[ $1 == *" monitoring "* ]]; then
        for package in prometheus prometheus-postgres-exporter prometheus-redis-exporter; do
            need "$package" "/usr/bin/$package"
        done
    fi
}

need() {
    [[ -x $2 ]] || echo "$1"
}

# Only the programs are needed: the packages' services are neither started nor enabled, and no cluster is created.
install_packages() {
    command -v apt-get || fail "please install $*: this is automatic only on Debian and Ubuntu"
    trap restore EXIT
    if [[ ! -e $policy ]]; then
        printf '#!/bin/sh\n# baraza, while it installs\nexit 101\n' | as_root tee "$policy"
        as_root chmod 755 "$policy"
    fi
    as_root mkdir -p "${cluster%/*}"
    echo 'create_main_cluster = false' | as_root tee "$cluster"
    as_root apt-get update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$@"
    if command -v systemctl; then
        for package in "$@"; do
            as_root systemctl disable "$package" || true # python3-venv is no service
        done
    fi
}

restore() {
    as_root rm -f "$cluster"
    ! grep -qs 'baraza, while it installs' "$policy" || as_root rm -f "$policy"
}

as_root() {
    if ((EUID == 0)); then
        "$@"
    else
        command -v sudo >/dev/null || fail "root must run this, and sudo is not installed: $*"
        sudo "$@"
    fi
}

# Named after the lock file and the interpreter: an environment does not survive an upgrade of its Python.
stamp() {
    local version
    version=$({ cat requirements.lock && readlink -f .venv/bin/python && "$python" -V; } | sha256sum)
    echo ".venv/installed-${version:0:16}"
}

virtual_environment() {
    .venv/bin/python -m pip --version || "$python" -m venv --clear .venv
    .venv/bin/python -m pip install --disable-pip-version-check --require-hashes -r requirements.lock
    rm -f .venv/installed-*
    touch "$(stamp)"
}

# Print a line with the duration. The step is a new process: `set -e` has no effect in a function called by `if`.
step() {
    local title=$1 started=$EPOCHREALTIME
    printf '  %-34s' "$title"
    if ! dev/bootstrap.sh "${@:2}" >>"$log" 2>&1; then
        printf 'failed\n'
        tail -n 20 "$log" >&2
        fail "“$title” failed, see $log; the same command continues from here"
    fi
    awk -v from="$started" -v to="$EPOCHREALTIME" 'BEGIN { printf "%6.1f s\n", to - from }'
}

fail() {
    echo "$*" >&2
    exit 1
}

"$@"
