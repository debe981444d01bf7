#!/usr/bin/env bash
# An emulator of AWS of its own for tests: `moto.sh start <folder>` and `moto.sh stop <folder>`. Needs python3 with venv; moto comes from PyPI into
# .build/venv. It checks signatures and policies from the start on: what it lets pass unsigned is what scripts/peers/moto_keys.py asks for. It
# refuses images and instance types that do not exist. <folder>/moto.env says where it listens and which keys are good.
set -euo pipefail

action=${1:?start or stop}
home=${2:?a folder}
here=$(cd "$(dirname "$0")" && pwd)

fail() {
    echo "moto: $*" >&2
    [ -f "$home/moto.log" ] && tail -n 20 "$home/moto.log" >&2
    exit 1
}

start() {
    mkdir -p "$home"
    local python port
    python=$(python3 "$here/moto_keys.py" interpreter) || fail "it could not be installed."
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    INITIAL_NO_AUTH_ACTION_COUNT=$("$python" "$here/moto_keys.py" unsigned) MOTO_ENABLE_AMI_VALIDATION=true \
        MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION=true setsid "$python" -m moto.server -H 127.0.0.1 -p "$port" >"$home/moto.log" 2>&1 </dev/null &
    echo $! >"$home/moto.pid"
    for _ in $(seq 300); do
        curl --silent --fail --max-time 5 "http://127.0.0.1:$port/moto-api/" --output /dev/null && break
        kill -0 "$(cat "$home/moto.pid")" 2>/dev/null || fail "it ended while it started."
        sleep 0.1
    done
    "$python" "$here/moto_keys.py" keys "http://127.0.0.1:$port" >"$home/moto.env" || fail "it gave no keys."
}

stop() {
    if [ -f "$home/moto.pid" ]; then
        local process
        process=$(cat "$home/moto.pid")
        kill "$process" 2>/dev/null || true
        for _ in $(seq 50); do
            kill -0 "$process" 2>/dev/null || break
            sleep 0.1
        done
        kill -KILL "$process" 2>/dev/null || true
    fi
    rm -rf "$home"
}

case $action in
    start) start ;;
    stop) stop ;;
    *) fail "start or stop, not $action." ;;
esac
