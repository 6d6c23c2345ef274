#!/bin/sh
# Writes k8s/secrets/: random passwords and keys, and what vendors gave you. kustomize makes Secrets of the files.
#
#   AFRICASTALKING_API_KEY=... SMTP_USER=... SMTP_PASSWORD=... k8s/secrets.sh
#
# A file that is there stays as it is, so running it again adds only what is missing; to change a value edit its file.
# The files of RabbitMQ's users are made of the passwords in broker/, each time anew.
# Keep a copy of the folder in a safe place: git ignores it.
set -eu
umask 077
cd "$(dirname "$0")/secrets"

random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

# The standard input becomes a file, at once and as a whole, unless there is one.
file() {
    if [ -e "$1" ]; then
        echo "k8s/secrets/$1 is there and stays" >&2
        cat >/dev/null
    else
        cat >"$1.new"
        mv "$1.new" "$1"
    fi
}

# The same, also where there is one.
made() {
    cat >"$1.new"
    mv "$1.new" "$1"
}

# A single value without a line end; the caller reads it back, whether it is new or old.
value() { [ -e "$1" ] || random | file "$1"; cat "$1"; }

if [ ! -e notification.env ]; then
    : "${AFRICASTALKING_API_KEY:?set it: the key of your account there; any word will do for the overlay dev}"
fi
mkdir -p redis fixed broker scale/applications

redis=$(value redis/password)
rabbitmq=$(value fixed/password)
printf 'requirepass %s\nmasterauth %s\n' "$redis" "$redis" | file redis/password.conf
printf baraza | file fixed/username
printf 'default_user = baraza\ndefault_pass = %s\n' "$rabbitmq" | file fixed/default_user.conf
printf rabbitmq-service.baraza.svc | file fixed/host
printf 5672 | file fixed/port
printf rabbitmq | file fixed/provider
printf rabbitmq | file fixed/type
printf 'k1:%s\n' "$(random)" | file fixed/keys

file common.env <<EOF
REDIS_URL=redis://:$redis@redis-service:6379/0
EOF
# Before each service had a user of RabbitMQ, the administrator's password stood here for all.
grep -v '^AMQP_URI=' common.env | made common.env
for user in users feeds notifications gateway; do
    printf 'AMQP_URI=pyamqp://%s:%s@rabbitmq-service:5672/baraza\n' "$user" "$(value "broker/$user")" | made "broker/$user.env"
done
{
    printf '{"users": [\n  {"name": "baraza", "password": "%s", "tags": ["administrator"]}' "$rabbitmq"
    for user in users feeds notifications gateway; do
        printf ',\n  {"name": "%s", "password": "%s", "tags": []}' "$user" "$(cat "broker/$user")"
    done
    printf '\n]}\n'
} | made fixed/users.json
file user.env <<EOF
POSTGRES_PASSWORD=$(random)
EOF
file gateway.env <<EOF
GATEWAY_POSTGRES_PASSWORD=$(random)
METRICS_TOKEN=$(random)
AFRICASTALKING_CALLBACK_SECRET=$(random)
EOF
file notification.env <<EOF
AFRICASTALKING_API_KEY=${AFRICASTALKING_API_KEY-}
SMTP_USER=${SMTP_USER-}
SMTP_PASSWORD=${SMTP_PASSWORD-}
EOF
# PostgreSQL's superusers, a server each.
file postgres.env <<EOF
user=$(random)
gateway=$(random)
feeds=$(random)
notification=$(random)
EOF
# The databases that are PostgreSQL in the overlay `scale` alone.
feeds=$(value scale/applications/feeds)
notification=$(value scale/applications/notification)
file scale/feeds.env <<EOF
FEEDS_DB_URI=postgresql+psycopg2://feeds_user:$feeds@feeds-postgres-service:5432/feeds_db
EOF
file scale/notification-database.env <<EOF
NOTIFICATIONS_DB_URI=postgresql+psycopg2://notification_user:$notification@notification-postgres-service:5432/notification_db
EOF
echo "k8s/secrets is complete"
