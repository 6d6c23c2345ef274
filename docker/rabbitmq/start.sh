#!/bin/sh
# What the container rabbitmq begins with: writes its users with the passwords of docker/.env, which RabbitMQ reads from a
# file only, and then starts RabbitMQ as its image does. FOLDER is where permissions.json is too.
set -eu

user() { # of this name, with this password and this tag
    printf '{"name": "%s", "password": "%s", "tags": [%s]}' "$1" "$2" "${3-}"
}

users() {
    cat <<END
{
  "vhosts": [{"name": "baraza"}],
  "users": [
    $(user baraza "$RABBITMQ_PASSWORD" '"administrator"'),
    $(user users "$RABBITMQ_USERS_PASSWORD"),
    $(user feeds "$RABBITMQ_FEEDS_PASSWORD"),
    $(user notifications "$RABBITMQ_NOTIFICATIONS_PASSWORD"),
    $(user gateway "$RABBITMQ_GATEWAY_PASSWORD")
  ]
}
END
}

(umask 077 && users >"$FOLDER/10-users.json")
chown rabbitmq "$FOLDER/10-users.json"
exec docker-entrypoint.sh "$@"
