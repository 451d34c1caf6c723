#!/usr/bin/env bash
# Does Trackloop work on this host? Exit 0 if so; else the first thing that does not, and exit 1.
set -euo pipefail

usage() {
  cat <<END
Usage: smoke_check.sh [OPTION]…

  --instance NAME   check trackloop@NAME (with --compose: the service NAME); may come several
                    times; without it: all that are enabled
  --compose         containers of docker-compose.yml instead of systemd units
  --restart         restart what is checked first
  --url URL         where the gateway answers [TRACKLOOP_URL, http://127.0.0.1:8000]; only this is
                    checked where there are no units
  --video FILE      have it analysed and erase the task; needs a key in TRACKLOOP_API_KEY
  --timeout SECONDS how long to wait for each thing [120]
  --follow-logs     show the logs at the end, until Ctrl-C

With a key in TRACKLOOP_API_KEY the models are asked for as well, which proves the key.
END
}

root="$(cd "$(dirname "$0")/.." && pwd)"
url="${TRACKLOOP_URL:-http://127.0.0.1:8000}"
compose="" restart="" follow="" video="" timeout=120
instances=()

fail() {
  echo "FAIL  $*" >&2
  exit 1
}

passed() {
  echo "ok    $*"
}

read_options() {
  while [ $# -gt 0 ]; do
    case "$1" in
      --compose) compose=yes ;;
      --restart) restart=yes ;;
      --follow-logs) follow=yes ;;
      -h | --help) usage && exit 0 ;;
      --instance | --url | --video | --timeout)
        [ $# -gt 1 ] || { echo "$1 needs a value" >&2 && usage >&2 && exit 2; }
        case "$1" in
          --instance) instances+=("$2") ;;
          --url) url="$2" ;;
          --video) video="$2" ;;
          --timeout) timeout="$2" ;;
        esac
        shift
        ;;
      *) echo "$1: unknown option" >&2 && usage >&2 && exit 2 ;;
    esac
    shift
  done
  case "$timeout" in
    '' | *[!0-9]*) echo "--timeout: $timeout is no number of seconds" >&2 && exit 2 ;;
  esac
}

# The command of containers or units, with the project of this tree.
containers() {
  docker compose --project-directory "$root" "$@"
}

find_instances() {
  [ ${#instances[@]} = 0 ] || return 0
  if [ "$compose" ]; then
    mapfile -t instances < <(containers ps --all --services | grep -vx migrate)
    [ ${#instances[@]} -gt 0 ] || fail "no container runs; start them: docker compose up -d"
  elif [ -d /run/systemd/system ]; then
    mapfile -t instances < <(systemctl list-dependencies --plain trackloop.target 2>/dev/null |
      sed -n 's/^ *trackloop@\(.*\)\.service$/\1/p')
  fi
}

restart_instances() {
  [ ${#instances[@]} -gt 0 ] || fail "--restart: there is nothing to restart; name an --instance"
  if [ "$compose" ]; then
    containers restart "${instances[@]}"
  else
    systemctl restart "${instances[@]/#/trackloop@}"
  fi
  passed "restarted ${instances[*]}"
}

within_timeout() {
  local end=$((SECONDS + timeout))
  until "$@"; do
    [ $SECONDS -lt $end ] || return 1
    sleep 1
  done
}

sound() {
  if [ "$compose" ]; then
    case "$(containers ps --format '{{.State}} {{.Health}}' "$1")" in
      "running healthy"* | "running ") return 0 ;;
      *) return 1 ;;
    esac
  fi
  systemctl is-active --quiet "trackloop@$1" && instance_answers "$1"
}

# A unit is active as soon as it is started; what it says of itself comes later.
instance_answers() {
  local port
  port="$(sed -n 's/^TRACKLOOP_METRICS_PORT=//p' "/etc/trackloop/instances/$1.env" 2>/dev/null || :)"
  [ -z "$port" ] || get "http://127.0.0.1:$port/health" >/dev/null 2>&1
}

check_instances() {
  for name in "${instances[@]}"; do
    within_timeout sound "$name" || fail "$name is not running soundly: $(logs_command "$name")"
    passed "$name"
  done
}

logs_command() {
  if [ "$compose" ]; then
    echo "docker compose logs $1"
  else
    echo "journalctl -u trackloop@$1"
  fi
}

# The key goes by standard input: arguments of a process are for everybody to read.
get() {
  { [ -z "${TRACKLOOP_API_KEY:-}" ] || printf 'header = "x-api-key: %s"\n' "$TRACKLOOP_API_KEY"; } |
    curl --config - --fail-with-body --silent --show-error --noproxy '*' --max-time 10 "$1"
}

gateway_answers() {
  get "$url/health" >/dev/null 2>&1
}

check_gateway() {
  within_timeout gateway_answers || fail "$url/health: $(get "$url/health" 2>&1 || :)"
  passed "$url answers"
  [ "${TRACKLOOP_API_KEY:-}" ] || return 0
  get "$url/models" >/dev/null || fail "$url/models: the key in TRACKLOOP_API_KEY does not open it"
  passed "the key is known"
}

# From this tree's environment; on a host of containers in one more of the gateway's.
trackloop() {
  if [ "$compose" ]; then
    containers run --rm --no-deps --no-TTY --volume "$(realpath "$video"):/tmp/video:ro" \
      --env TRACKLOOP_API_KEY --env TRACKLOOP_URL=http://api-gateway:8000 api-gateway "$@" </dev/null
  else
    TRACKLOOP_URL="$url" PATH="$root/.venv/bin:$PATH" command trackloop "$@"
  fi
}

check_video() {
  [ -f "$video" ] || fail "--video: $video is no file"
  [ "${TRACKLOOP_API_KEY:-}" ] || fail "--video: set TRACKLOOP_API_KEY"
  local file="$video" answer task
  [ -z "$compose" ] || file=/tmp/video
  answer="$(trackloop submit "$file" --wait --json)" || fail "the analysis failed: $answer"
  task="$(sed -n 's/.*"task_id": *"\([^"]*\)".*/\1/p' <<<"$answer" | head -n 1)"
  trackloop tasks erase "$task" >/dev/null || fail "task $task cannot be erased"
  passed "$video was analysed (task $task, erased)"
}

follow_logs() {
  if [ "$compose" ]; then
    containers logs --follow --tail 20 "${instances[@]}"
  else
    journalctl --follow --lines 20 "${instances[@]/#/--unit=trackloop@}"
  fi
}

read_options "$@"
find_instances
[ -z "$restart" ] || restart_instances
check_instances
check_gateway
[ -z "$video" ] || check_video
[ -z "$follow" ] || follow_logs
