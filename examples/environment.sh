# Sets the variables of the example for a shell, from the servers that `make run` started: `. ./environment.sh`
#
# The example gets a virtual host of its own in RabbitMQ, because the users of `make run` may use only what their
# service needs (docker/rabbitmq/). It shares nothing with the platform.

set -a
. ../.run/run/environment
administrator=${BARAZA_RABBITMQ_MANAGEMENT#http://}
administrator=${administrator%%@*}
broker=${AMQP_URI#*@}
AMQP_URI=pyamqp://$administrator@${broker%%/*}/example
PYTHONPATH=$PWD/..
PATH=$PWD/../.venv/bin:$PATH
set +a

curl -fsS -X PUT "$BARAZA_RABBITMQ_MANAGEMENT/api/vhosts/example"
curl -fsS -X PUT "$BARAZA_RABBITMQ_MANAGEMENT/api/permissions/example/${administrator%%:*}" \
    -H 'Content-Type: application/json' -d '{"configure": ".*", "write": ".*", "read": ".*"}'
