#!/usr/bin/env bash
# Make the passwords of docker-compose.yml, once: make_secrets.sh [FOLDER]
#
# What is there stays as it is, so that it can run again after an update.
set -euo pipefail

folder="${1:-secrets}"
install -d -m 700 "$folder"
cd "$folder"

# Readable for every user of a container that is given the file; the folder keeps others out.
umask 022

write() {
  if [ ! -e "$1" ]; then
    printf '%s\n' "$2" >"$1"
    echo "made $folder/$1"
  fi
}

password() {
  od -An -N24 -tx1 /dev/urandom | tr -d ' \n'
}

write postgres_password "$(password)"
write trackloop_database_url \
  "postgresql+psycopg://trackloop:$(cat postgres_password)@postgres:5432/trackloop"

write rabbitmq_user "default_user = trackloop
default_pass = $(password)"
rabbitmq_password="$(sed -n 's/^default_pass = //p' rabbitmq_user)"
write trackloop_broker_url "amqp://trackloop:$rabbitmq_password@rabbitmq:5672//"
write trackloop_flower_broker_api "http://trackloop:$rabbitmq_password@rabbitmq:15672/api/"

write redis_password "requirepass $(password)"
write trackloop_redis_url "redis://:$(sed 's/^requirepass //' redis_password)@redis:6379/0"

write trackloop_flower_password "$(password)"

# Label Studio makes it, if there is one: write it into this file. Empty is none.
write trackloop_labeling_token ""
