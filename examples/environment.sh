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
SERVICE_TOKEN_KEYS=@$PWD/../.run/run/example_keys
PYTHONPATH=$PWD/..
PATH=$PWD/../.venv/bin:$PATH
set +a

# One file for all, because one process runs all services. In production each service has its own (docs/security-services.md).
for service in orders invoices warehouse operator; do
    printf '%s/k1:%s\n' "$service" "$(openssl genpkey -algorithm ed25519 -outform DER | openssl base64 -A)"
done >../.run/run/example_keys.new
mv -n ../.run/run/example_keys.new ../.run/run/example_keys

curl -fsS -X PUT "$BARAZA_RABBITMQ_MANAGEMENT/api/vhosts/example"
curl -fsS -X PUT "$BARAZA_RABBITMQ_MANAGEMENT/api/permissions/example/${administrator%%:*}" \
    -H 'Content-Type: application/json' -d '{"configure": ".*", "write": ".*", "read": ".*"}'
