#!/bin/sh
# Write docker/.env for docker/compose.yml: random secrets and the operator's settings, readable by the owner only.
# In an existing file nothing changes, because the databases were created with its passwords; passwords that a newer
# release needs are added.
set -eu
cd "$(dirname "$0")"
umask 077

secret() { # secret BYTES: random bytes in hexadecimal, which needs no escaping in URLs and shells
    od -An -v -N"$1" -tx1 /dev/urandom | tr -d ' \n'
}

template() {
    cat <<EOF
# Written by docker/secrets.sh for docker/compose.yml. Other settings: docs/configuration.md.
COMPOSE_PROJECT_NAME=baraza

# The address on which the gateway listens on this host, and the URL at which clients reach it.
PUBLISH=127.0.0.1:8000
PUBLIC_URL=http://127.0.0.1:8000

# The profile dev starts a mailbox and an SMS simulator, which the lines below use. Remove it when you
# set your own mail server and Africa's Talking account. The profile monitoring starts Prometheus and
# Grafana. Separate profiles with a comma.
COMPOSE_PROFILES=dev
SMTP_HOST=mailbox
SMTP_PORT=1025
EMAIL_FROM=Baraza <no-reply@baraza.localhost>
AFRICASTALKING_USERNAME=sandbox
AFRICASTALKING_API_KEY=$(secret 24)
AFRICASTALKING_URL=http://sms-simulator:8026
AFRICASTALKING_CALLBACK_SECRET=$(secret 24)

# Secrets of this installation.
RABBITMQ_PASSWORD=$(secret 24)
RABBITMQ_USERS_PASSWORD=$(secret 24)
RABBITMQ_FEEDS_PASSWORD=$(secret 24)
RABBITMQ_NOTIFICATIONS_PASSWORD=$(secret 24)
RABBITMQ_GATEWAY_PASSWORD=$(secret 24)
REDIS_PASSWORD=$(secret 24)
POSTGRES_PASSWORD=$(secret 24)
GATEWAY_POSTGRES_PASSWORD=$(secret 24)
SERVICE_TOKEN_KEYS=k1:$(secret 32)

# For the profile monitoring: the bearer token of the gateway's /metrics, and the password of Grafana's user admin.
METRICS_TOKEN=$(secret 24)
GRAFANA_PASSWORD=$(secret 24)
EOF
}

if [ -e .env ]; then
    added=
    [ -z "$(tail -c 1 .env)" ] || echo >>.env # end the last line
    for line in $(template | grep '^[A-Z_]*_PASSWORD='); do
        name=${line%%=*}
        if ! grep -q "^$name=" .env; then
            printf '%s\n' "$line" >>.env
            added="$added $name"
        fi
    done
    echo "docker/.env exists and keeps its values, because its secrets are in use.${added:+ Added:$added}"
else
    set -C # do not overwrite a file created in the meantime
    template >.env
    echo "Wrote docker/.env with new secrets."
fi
