#!/bin/sh
# Start RabbitMQ in its container. Write its users with the passwords of docker/.env to a file in FOLDER, which has
# permissions.json too, because RabbitMQ imports users from files only. Then run the entrypoint of the image.
set -eu

user() { # name, password, tag
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
