#!/bin/sh
# `trackloop` as the service sees it: its user, its settings, its secrets. Needs root.
set -eu
exec systemd-run --quiet --collect --wait --pipe --same-dir --uid=trackloop \
  --property=EnvironmentFile=/etc/trackloop/trackloop.env \
  --setenv=TRACKLOOP_SECRETS_DIR=/etc/trackloop/secrets \
  /opt/trackloop/.venv/bin/trackloop "$@"
