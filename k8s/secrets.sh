#!/bin/sh
# Write k8s/secrets/: random passwords and keys, and the credentials of providers. kustomize turns the files into Secrets.
#
#   AFRICASTALKING_API_KEY=... SMTP_USER=... SMTP_PASSWORD=... k8s/secrets.sh
#
# Existing files are kept, so running it again only adds missing ones; edit a file to change its value. Only the files
# derived from the RabbitMQ passwords in broker/ and the private keys in keys/ are written again each time.
# Back up the folder: git ignores it.
set -eu
umask 077
cd "$(dirname "$0")/secrets"

random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

# Write standard input to a file, atomically.
replace() {
    cat >"$1.new"
    mv "$1.new" "$1"
}

# Write standard input to a file, unless the file exists.
create() {
    if [ -e "$1" ]; then
        echo "k8s/secrets/$1 exists and is kept" >&2
        cat >/dev/null
    else
        replace "$1"
    fi
}

# Print the random value in a file, which is created if it is missing.
value() { [ -e "$1" ] || random | create "$1"; cat "$1"; }

command -v openssl >/dev/null || { echo "install openssl: it makes the service token keys" >&2; exit 1; }
if [ ! -e notification.env ]; then
    : "${AFRICASTALKING_API_KEY:?set it to the API key of your account; any value works for the overlay dev}"
fi
mkdir -p redis fixed broker keys scale/applications

redis=$(value redis/password)
rabbitmq=$(value fixed/password)
printf 'requirepass %s\nmasterauth %s\n' "$redis" "$redis" | create redis/password.conf
printf baraza | create fixed/username
printf 'default_user = baraza\ndefault_pass = %s\n' "$rabbitmq" | create fixed/default_user.conf
printf rabbitmq-service.baraza.svc | create fixed/host
printf 5672 | create fixed/port
printf rabbitmq | create fixed/provider
printf rabbitmq | create fixed/type

# Service token keys: keys/ has the private keys of each service and of the operator, and keys/public what follows from
# them. fixed/keys and keys/accepted, if they exist, have the secret of 0.1.0, which signs or is only accepted.
services="users feeds notifications deliveries gateway"
for owner in $services operator; do
    [ -e "keys/$owner" ] ||
        printf '%s/k1:%s\n' "$owner" "$(openssl genpkey -algorithm ed25519 -outform DER | openssl base64 -A)" | create "keys/$owner"
    while IFS=: read -r name key; do
        printf '%s:%s\n' "$name" "$(printf %s "$key" | openssl base64 -d -A | openssl pkey -inform DER -pubout -outform DER | openssl base64 -A)"
    done <"keys/$owner"
done | replace keys/public
for service in $services; do
    mkdir -p "fixed/token-keys/$service"
    for file in fixed/keys "keys/$service" keys/public keys/accepted; do
        [ ! -e "$file" ] || cat "$file"
    done | replace "fixed/token-keys/$service/keys"
done

create common.env <<ENV
REDIS_URL=redis://:$redis@redis-service:6379/0
ENV
# Each service's RabbitMQ user: its password goes to the service as AMQP_URI and to RabbitMQ as users.json.
for user in users feeds notifications gateway; do
    printf 'AMQP_URI=pyamqp://%s:%s@rabbitmq-service:5672/baraza\n' "$user" "$(value "broker/$user")" | replace "broker/$user.env"
done
{
    printf '{"users": [\n  {"name": "baraza", "password": "%s", "tags": ["administrator"]}' "$rabbitmq"
    for user in users feeds notifications gateway; do
        printf ',\n  {"name": "%s", "password": "%s", "tags": []}' "$user" "$(cat "broker/$user")"
    done
    printf '\n]}\n'
} | replace fixed/users.json
create user.env <<ENV
POSTGRES_PASSWORD=$(random)
${ADMIN_USERNAME:+ADMIN_USERNAME=$ADMIN_USERNAME}
${ADMIN_EMAIL:+ADMIN_EMAIL=$ADMIN_EMAIL}
${ADMIN_PASSWORD:+ADMIN_PASSWORD=$ADMIN_PASSWORD}
${OIDC_CLIENT_SECRET:+OIDC_CLIENT_SECRET=$OIDC_CLIENT_SECRET}
ENV
create gateway.env <<ENV
GATEWAY_POSTGRES_PASSWORD=$(random)
METRICS_TOKEN=$(random)
AFRICASTALKING_CALLBACK_SECRET=$(random)
ENV
create notification.env <<ENV
AFRICASTALKING_API_KEY=${AFRICASTALKING_API_KEY-}
SMTP_USER=${SMTP_USER-}
SMTP_PASSWORD=${SMTP_PASSWORD-}
ENV
# The superusers of the PostgreSQL servers.
create postgres.env <<ENV
user=$(random)
gateway=$(random)
feeds=$(random)
notification=$(random)
ENV
# Databases of feeds and notifications, which are PostgreSQL only in the overlay `scale`.
feeds=$(value scale/applications/feeds)
notification=$(value scale/applications/notification)
create scale/feeds.env <<ENV
FEEDS_DB_URI=postgresql+psycopg2://feeds_user:$feeds@feeds-postgres-service:5432/feeds_db
ENV
create scale/notification-database.env <<ENV
NOTIFICATIONS_DB_URI=postgresql+psycopg2://notification_user:$notification@notification-postgres-service:5432/notification_db
ENV
echo "k8s/secrets is complete"
