#!/bin/sh
# Write docker/.env for docker/compose.yml: random secrets and the operator's settings, readable by the owner only.
# In an existing file nothing changes, because the databases were created with its passwords; passwords and keys that a
# newer release needs are added. Only PUBLIC_TOKEN_KEYS is written again each time: it follows from the private keys.
set -eu
cd "$(dirname "$0")"
umask 077
command -v openssl >/dev/null || { echo "install openssl: it makes the service token keys" >&2; exit 1; }

secret() { # secret BYTES: random bytes in hexadecimal, which needs no escaping in URLs and shells
    od -An -v -N"$1" -tx1 /dev/urandom | tr -d ' \n'
}

private_key() { # an Ed25519 key, as DER in base64
    openssl genpkey -algorithm ed25519 -outform DER | openssl base64 -A
}

public_keys() { # those of all private keys in .env, as id:key,id:key
    sed -n '/^\(PUBLIC\|ACCEPTED\|SERVICE\)/!s/^[A-Z]*_TOKEN_KEYS=//p' .env | tr ',' '\n' | while IFS=: read -r name key; do
        printf '%s:%s,' "$name" "$(printf %s "$key" | openssl base64 -d -A | openssl pkey -inform DER -pubout -outform DER | openssl base64 -A)"
    done
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
USERS_TOKEN_KEYS=users/k1:$(private_key)
FEEDS_TOKEN_KEYS=feeds/k1:$(private_key)
NOTIFICATIONS_TOKEN_KEYS=notifications/k1:$(private_key)
DELIVERIES_TOKEN_KEYS=deliveries/k1:$(private_key)
GATEWAY_TOKEN_KEYS=gateway/k1:$(private_key)
OPERATOR_TOKEN_KEYS=operator/k1:$(private_key)

# For the profile monitoring: the bearer token of the gateway's /metrics, and the password of Grafana's user admin.
METRICS_TOKEN=$(secret 24)
GRAFANA_PASSWORD=$(secret 24)
EOF
}

if [ -e .env ]; then
    added=
    [ -z "$(tail -c 1 .env)" ] || echo >>.env # end the last line
    for line in $(template | grep '^[A-Z_]*_\(PASSWORD\|TOKEN_KEYS\)='); do
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

public=$(public_keys)
grep -v '^PUBLIC_TOKEN_KEYS=' .env >.env.new
printf 'PUBLIC_TOKEN_KEYS=%s\n' "${public%,}" >>.env.new
mv .env.new .env
