#!/usr/bin/env bash
# Prepares a bare Debian or Ubuntu: the distribution's RabbitMQ, PostgreSQL and Redis, and .venv from
# requirements.lock. `main monitoring` brings Prometheus and the exporters too, `main balancing` HAProxy, which
# TOPOLOGY=scale needs.
# Says nothing and takes a moment when there is nothing to do.
set -euo pipefail
cd "$(dirname "$0")/../.."
export LC_ALL=C.UTF-8

python=${PYTHON:-python3}
log=.run/bootstrap.log
policy=/usr/sbin/policy-rc.d
cluster=/etc/postgresql-common/createcluster.d/baraza.conf

main() {
    mkdir -p .run
    exec 9>.run/bootstrap.lock
    flock 9 # `make run` and `make test` may come at the same time
    : >"$log"
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>>"$log" ||
        fail "Python 3.11 or newer is needed as $python; PYTHON=... names another"
    mapfile -t missing < <(missing_packages "$@")
    if ((${#missing[@]})); then
        as_root true # asks for a password before output goes to the log
        step "install ${missing[*]}" install_packages "${missing[@]}"
    fi
    if [[ ! -e $(stamp) ]]; then
        step "virtual environment" virtual_environment
    fi
}

# A service that the user brings (its variable is set) needs no package.
missing_packages() {
    local package
    "$python" -c 'import ensurepip, venv' 2>>"$log" || echo python3-venv
    [[ -n ${AMQP_URI:-} || -x /usr/lib/rabbitmq/bin/rabbitmq-server ]] || echo rabbitmq-server
    [[ -n ${REDIS_URL:-} || -x /usr/bin/redis-server ]] || echo redis-server
    [[ -n ${POSTGRES_HOST:-} && -n ${GATEWAY_POSTGRES_HOST:-} ]] ||
        compgen -G '/usr/lib/postgresql/*/bin/initdb' >>"$log" || echo postgresql
    if [[ ${TOPOLOGY:-} == scale || " $* " == *" balancing "* ]]; then
        [[ -x /usr/sbin/haproxy ]] || echo haproxy
    fi
    if [[ " $* " == *" monitoring "* ]]; then
        for package in prometheus prometheus-postgres-exporter prometheus-redis-exporter; do
            [[ -x /usr/bin/$package ]] || echo "$package"
        done
    fi
}

# We only want the programs: the services of the packages are not started, now or at the next boot, and no cluster
# is made. Services and clusters that were there before are not touched.
install_packages() {
    command -v apt-get || fail "please install $*: only Debian and Ubuntu are done automatically"
    trap put_back EXIT
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

put_back() {
    as_root rm -f "$cluster"
    if grep -qs 'baraza, while it installs' "$policy"; then
        as_root rm -f "$policy"
    fi
}

as_root() {
    if ((EUID == 0)); then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "root must do this, and sudo is missing: $*"
    fi
}

# The interpreter belongs to the stamp: an environment does not survive an upgrade of its Python.
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

# Prints one line with the time it took; the output goes to the log, whose end is shown if the step fails.
# The step is a process of its own because `set -e` does not work in a function that is a condition.
step() {
    local title=$1 started=$EPOCHREALTIME
    printf '  %-34s' "$title"
    if ! docker/dev/bootstrap.sh "${@:2}" >>"$log" 2>&1; then
        printf 'failed\n'
        tail -n 20 "$log" >&2
        fail "“$title” failed, see $log; when its cause is gone, the same command goes on from here"
    fi
    awk -v from="$started" -v to="$EPOCHREALTIME" 'BEGIN { printf "%6.1f s\n", to - from }'
}

fail() {
    echo "$*" >&2
    exit 1
}

"${@:-main}"
