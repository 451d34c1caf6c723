#!/usr/bin/env bash
# Install Trackloop, or update it: install.sh INSTANCE…
#
# Copies this tree to /opt/trackloop, makes its environment there (for training and deployment one
# more, with torch), and enables a systemd unit trackloop@INSTANCE for each name. Settings under /etc/trackloop and data under
# /var/lib/trackloop stay as they are; nothing is started.
set -euo pipefail

source_root="$(cd "$(dirname "$0")/.." && pwd)"
prefix=/opt/trackloop
settings=/etc/trackloop
units=/etc/systemd/system

fail() {
  echo "install.sh: $*" >&2
  exit 1
}

known_instances() {
  for file in "$source_root"/deploy/systemd/instances/*.env "$settings"/instances/*.env; do
    if [ -e "$file" ]; then basename "$file" .env; fi
  done | sort -u | tr '\n' ' '
}

check() {
  [ $# -gt 0 ] || fail "name what this host runs; known: $(known_instances)"
  for name in "$@"; do
    case " $(known_instances)" in
      *" $name "*) ;;
      *) fail "$name: unknown; known: $(known_instances)" ;;
    esac
  done
  [ "$(id -u)" = 0 ] || fail "needs root: run it with sudo"
  for command in systemctl make python3 runuser; do
    command -v "$command" >/dev/null || fail "$command is missing: install it first"
  done
  python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' ||
    fail "needs Python 3.11 or later with its venv module (Debian: python3-venv)"
}

add_user() {
  getent passwd trackloop >/dev/null ||
    useradd --system --user-group --home-dir /var/lib/trackloop --shell /usr/sbin/nologin trackloop
  install -d -m 750 -o trackloop -g trackloop /var/lib/trackloop
}

copy_tree() {
  install -d -m 755 "$prefix"
  [ "$source_root" != "$prefix" ] || return 0
  for part in api_gateway benchmarks cli demo deploy docs embedded.py migrations model_deployer \
    model_trainer shared triton_models workers LICENSE Makefile README.md pyproject.toml requirements.lock \
    requirements-train.lock requirements-triton.lock; do
    # Whole, so that no file of an older version is left.
    rm -rf "${prefix:?}/$part"
    cp -R "$source_root/$part" "$prefix/"
  done
  chmod -R u=rwX,go=rX "$prefix"
}

# Whether one of these instances serves a queue whose steps need torch.
needs_torch() {
  for name in "$@"; do
    for file in "$settings/instances/$name.env" "$source_root/deploy/systemd/instances/$name.env"; do
      [ -e "$file" ] || continue
      if grep -qE '^ROLE=.*--queues[ =]([a-z]+,)*(training|deployment)\b' "$file"; then return 0; fi
      break  # the host's own file counts
    done
  done
  return 1
}

make_environment() {
  make --silent -C "$prefix" .venv/.run
  # One that is there, for `up` perhaps, is brought up to date.
  if needs_torch "$@" || [ -e "$prefix/.venv-train" ]; then make --silent -C "$prefix" .venv/.train; fi
  # The service may not write here.
  "$prefix/.venv/bin/python" -m compileall -q \
    "$prefix"/{api_gateway,cli,model_deployer,model_trainer,shared,workers} "$prefix/embedded.py"
}

write_settings() {
  install -d -m 750 -g trackloop "$settings" "$settings/instances" "$settings/secrets"
  copy_new "$prefix/deploy/systemd/trackloop.env" "$settings/trackloop.env"
  for file in "$prefix"/deploy/systemd/instances/*.env; do
    copy_new "$file" "$settings/instances/$(basename "$file")"
  done
}

# Otherwise each start makes a key and prints it into the journal.
make_key() {
  local file="$settings/secrets/trackloop_api_key"
  case " $* " in
    *" up "*) ;;
    *) return 0 ;;
  esac
  [ -e "$file" ] || install -m 640 -g trackloop \
    <(od -An -N32 -tx1 /dev/urandom | tr -d ' \n') "$file"
}

copy_new() {
  [ -e "$2" ] || install -m 640 -g trackloop "$1" "$2"
}

write_units() {
  install -m 644 "$prefix"/deploy/systemd/trackloop@.service "$prefix"/deploy/systemd/trackloop.target \
    "$units/"
  install -m 755 "$prefix/deploy/systemd/trackloop.sh" /usr/local/bin/trackloop
  systemctl daemon-reload
  systemctl enable --quiet trackloop.target "${@/#/trackloop@}"
}

check "$@"
add_user
copy_tree
make_environment "$@"
write_settings
make_key "$@"
write_units "$@"
cat <<END
Installed. What follows:
  1. settings: $settings/trackloop.env, $settings/instances/; passwords: $settings/secrets/
  2. trackloop doctor
  3. trackloop db upgrade
  4. systemctl restart trackloop.target
  5. $prefix/deploy/smoke_check.sh
END
