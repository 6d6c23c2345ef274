#!/bin/sh
# Writes docker/.env for docker/compose.yml: new secrets, which nobody else may read, and what an operator decides.
# One that is there keeps all it has, for the databases were made with its passwords. It only gets those passwords that
# a newer release asks for.
set -eu
cd "$(dirname "$0")"
umask 077

secret() { # of that many bytes, in hexadecimal, which fits in addresses and shells as it is
    od -An -v -N"$1" -tx1 /dev/urandom | tr -d ' \n'
}

everything() {
    cat <<EOF
# Made by docker/secrets.sh for docker/compose.yml. What else may be set here: docs/operations.md.
COMPOSE_PROJECT_NAME=baraza

# Where the gateway listens on this machine, and its address as the world sees it.
PUBLISH=127.0.0.1:8000
PUBLIC_URL=http://127.0.0.1:8000

# The profile dev starts a mailbox and a simulator of Africa's Talking, to which these lines point.
# Leave it out when you put in a mail server and an account of yours. The profile monitoring starts
# Prometheus and Grafana; two profiles have a comma between them.
COMPOSE_PROFILES=dev
SMTP_HOST=mailbox
SMTP_PORT=1025
EMAIL_FROM=Baraza <no-reply@baraza.localhost>
AFRICASTALKING_USERNAME=sandbox
AFRICASTALKING_API_KEY=$(secret 24)
AFRICASTALKING_URL=http://sms-simulator:8026
AFRICASTALKING_CALLBACK_SECRET=$(secret 24)

# Known here alone.
RABBITMQ_PASSWORD=$(secret 24)
RABBITMQ_USERS_PASSWORD=$(secret 24)
RABBITMQ_FEEDS_PASSWORD=$(secret 24)
RABBITMQ_NOTIFICATIONS_PASSWORD=$(secret 24)
RABBITMQ_GATEWAY_PASSWORD=$(secret 24)
REDIS_PASSWORD=$(secret 24)
POSTGRES_PASSWORD=$(secret 24)
GATEWAY_POSTGRES_PASSWORD=$(secret 24)
SERVICE_TOKEN_KEYS=k1:$(secret 32)

# For the profile monitoring: who may read the gateway's /metrics, and the password of Grafana's user admin.
METRICS_TOKEN=$(secret 24)
GRAFANA_PASSWORD=$(secret 24)
EOF
}

if [ -e .env ]; then
    added=
    [ -z "$(tail -c 1 .env)" ] || echo >>.env # its last line had no end
    for line in $(everything | grep '^[A-Z_]*_PASSWORD='); do
        name=${line%%=*}
        if ! grep -q "^$name=" .env; then
            printf '%s\n' "$line" >>.env
            added="$added $name"
        fi
    done
    echo "docker/.env is there already and keeps what it has: its secrets are in use.${added:+ New in it:$added}"
else
    set -C # the shell itself replaces no file either
    everything >.env
    echo "docker/.env is written, with new secrets."
fi
