#!/usr/bin/env bash
# A dockerd of its own for tests: `docker.sh start <folder>` and `docker.sh stop <folder>`; `pause` and `resume` in between are a daemon that
# goes away and comes back. Needs root and docker.io, busybox-static, iproute2, iptables and curl. It lives in a network namespace without a
# way out, so nothing outside changes, no image can be pulled and no container reaches the world; its socket is <folder>/docker.sock and the
# only image is cp-busybox:1, made from the busybox of this machine. What follows the folder at `start` goes on to dockerd.
set -euo pipefail

action=${1:?start, pause, resume or stop}
home=${2:?a folder}
socket=$home/docker.sock
namespace=cloudapi-docker-$(printf %s "$home" | cksum | cut -d ' ' -f 1)

fail() {
    echo "docker: $*" >&2
    [ -f "$home/dockerd.log" ] && tail -n 20 "$home/dockerd.log" >&2
    exit 1
}

api() { curl --silent --fail --max-time 60 --unix-socket "$socket" "$@"; }

launch() {
    # Not `ip netns exec`: that mounts a new /sys without the cgroup hierarchies, and dockerd ends after a quarter of a minute.
    setsid nsenter --net="/run/netns/$namespace" dockerd --host "unix://$socket" --data-root "$home/root" --exec-root "$home/exec" \
        --pidfile "$home/docker.pid" --bip 10.78.0.1/24 "$@" >"$home/dockerd.log" 2>&1 </dev/null &
    local dockerd=$!
    for _ in $(seq 300); do
        api http://docker/_ping >/dev/null && break
        kill -0 "$dockerd" 2>/dev/null || fail "it ended while it started."
        sleep 0.1
    done
    api http://docker/_ping >/dev/null || fail "it did not answer within 30 seconds."
}

start() {
    [ "$(id -u)" = 0 ] || fail "only root can start it."
    mkdir -p "$home/fs/bin" "$home/fs/tmp"
    ip netns add "$namespace"
    ip -n "$namespace" link set lo up
    launch "$@"
    cp /bin/busybox "$home/fs/bin/"
    for name in sh sleep echo cat ls id true false yes head dd; do ln -sf busybox "$home/fs/bin/$name"; done
    tar -C "$home/fs" -cf - . | api --request POST --header 'Content-Type: application/x-tar' --data-binary @- --output /dev/null \
        'http://docker/v1.41/images/create?fromSrc=-&repo=cp-busybox&tag=1' || fail "the image could not be imported."
}

# The daemon ends and leaves everything where it is; `resume` goes on with it.
pause() {
    local process
    process=$(cat "$home/docker.pid")
    kill "$process"
    for _ in $(seq 300); do
        kill -0 "$process" 2>/dev/null || return 0
        sleep 0.1
    done
    fail "it did not end within 30 seconds."
}

stop() {
    if [ -f "$home/docker.pid" ]; then
        local process
        process=$(cat "$home/docker.pid")
        for container in $(api 'http://docker/v1.41/containers/json?all=true' | grep -o '"Id":"[0-9a-f]*"' | cut -d '"' -f 4 || true); do
            api --request DELETE "http://docker/v1.41/containers/$container?force=true&v=true" >/dev/null || true
        done
        kill "$process" 2>/dev/null || true
        for _ in $(seq 300); do
            kill -0 "$process" 2>/dev/null || break
            sleep 0.1
        done
        kill -KILL "$process" 2>/dev/null || true
    fi
    # Whoever else is left in the namespace was started by it: containerd, if it was left.
    ip netns pids "$namespace" 2>/dev/null | xargs --no-run-if-empty kill 2>/dev/null || true
    ip netns del "$namespace" 2>/dev/null || true
    umount --recursive "$home/root" 2>/dev/null || true
    rm -rf "$home"
}

case $action in
    start) start "${@:3}" ;;
    pause) pause ;;
    resume) launch ;;
    stop) stop ;;
    *) fail "start, pause, resume or stop, not $action." ;;
esac
