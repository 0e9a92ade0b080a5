#!/bin/bash
# What the kafka container of docker-compose.yml runs: the image's own start, after the session that a killed broker
# left was ended by its controller alone. Why: old_session.py, which does the same for the broker without a container.
set -u
run="${KAFKA_IMAGE_RUN:-/etc/kafka/docker/run}"

if [ -f "$KAFKA_LOG_DIRS/meta.properties" ] && [ ! -f "$KAFKA_LOG_DIRS/.kafka_cleanshutdown" ]; then
  echo "The broker was not stopped the last time: ending its old session"
  (
    unset KAFKA_ADVERTISED_LISTENERS KAFKA_INTER_BROKER_LISTENER_NAME
    export KAFKA_PROCESS_ROLES=controller KAFKA_LISTENERS=CONTROLLER://:9093
    export KAFKA_BROKER_SESSION_TIMEOUT_MS=100 KAFKA_BROKER_HEARTBEAT_INTERVAL_MS=50
    # A second or two are enough; nothing in the image tells us when.
    exec timeout -s TERM "${OLD_SESSION_SECONDS:-10}" "$run"
  )
fi
exec "$run"
