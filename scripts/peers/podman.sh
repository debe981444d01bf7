#!/usr/bin/env bash
# A podman service of its own for tests: `podman.sh start <folder>` and `podman.sh stop <folder>`; `pause` and `resume` in between are a
# service that goes away and comes back. Needs root and podman, runc, netavark, aardvark-dns, catatonit, busybox-static, iproute2, iptables and
# curl. It lives in a network namespace without a way out; its socket is <folder>/podman.sock and the only image is
# docker.io/library/cp-busybox:latest, made from the busybox of this machine.
set -euo pipefail

action=${1:?start, pause, resume or stop}
home=${2:?a folder}
socket=$home/podman.sock
namespace=cloudapi-podman-$(printf %s "$home" | cksum | cut -d ' ' -f 1)

fail() {
    echo "podman: $*" >&2
    [ -f "$home/podman.log" ] && tail -n 20 "$home/podman.log" >&2
    exit 1
}

api() { curl --silent --fail --max-time 60 --unix-socket "$socket" "$@"; }

# The limits are those of this shell: podman asks for more, and not every root may raise one. runc, as crun refuses a machine with both
# cgroup versions.
configure() {
    local files processes
    files=$(ulimit -Hn)
    processes=$(cat /proc/sys/kernel/pid_max)
    cat >"$home/containers.conf" <<CONF
[containers]
default_ulimits = ["nofile=$files:$files", "nproc=$processes:$processes"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
CONF
}

launch() {
    CONTAINERS_CONF=$home/containers.conf setsid nsenter --net="/run/netns/$namespace" podman --root "$home/root" --runroot "$home/run" \
        --tmpdir "$home/tmp" --storage-driver overlay --network-config-dir "$home/net" system service --time=0 "unix://$socket" \
        >"$home/podman.log" 2>&1 </dev/null &
    local podman=$!
    echo "$podman" >"$home/podman.pid"
    for _ in $(seq 300); do
        api http://podman/_ping >/dev/null && break
        kill -0 "$podman" 2>/dev/null || fail "it ended while it started."
        sleep 0.1
    done
    api http://podman/_ping >/dev/null || fail "it did not answer within 30 seconds."
}

start() {
    [ "$(id -u)" = 0 ] || fail "only root can start it."
    mkdir -p "$home/fs/bin" "$home/fs/tmp" "$home/net"
    configure
    ip netns add "$namespace"
    ip -n "$namespace" link set lo up
    launch
    cp /bin/busybox "$home/fs/bin/"
    for name in sh sleep echo cat ls id true false yes head dd; do ln -sf busybox "$home/fs/bin/$name"; done
    tar -C "$home/fs" -cf - . | api --request POST --header 'Content-Type: application/x-tar' --data-binary @- --output /dev/null \
        'http://podman/v1.41/images/create?fromSrc=-&repo=cp-busybox&tag=1' || fail "the image could not be imported."
}

# The daemon ends and leaves everything where it is; `resume` goes on with it.
pause() {
    local process
    process=$(cat "$home/podman.pid")
    kill "$process"
    for _ in $(seq 300); do
        kill -0 "$process" 2>/dev/null || return 0
        sleep 0.1
    done
    fail "it did not end within 30 seconds."
}

stop() {
    if [ -f "$home/podman.pid" ]; then
        local process
        process=$(cat "$home/podman.pid")
        # Containers outlive the service, so they go first.
        for container in $(api 'http://podman/v1.41/containers/json?all=true' | grep -o '"Id":"[0-9a-f]*"' | cut -d '"' -f 4 || true); do
            api --request DELETE "http://podman/v1.41/containers/$container?force=true&v=true" >/dev/null || true
        done
        kill "$process" 2>/dev/null || true
        for _ in $(seq 100); do
            kill -0 "$process" 2>/dev/null || break
            sleep 0.1
        done
        kill -KILL "$process" 2>/dev/null || true
    fi
    # Whoever else is left in the namespace was started by it: the name server of podman's networks.
    ip netns pids "$namespace" 2>/dev/null | xargs --no-run-if-empty kill 2>/dev/null || true
    ip netns del "$namespace" 2>/dev/null || true
    umount --recursive "$home/root/overlay" 2>/dev/null || true
    rm -rf "$home"
}

case $action in
    start) start ;;
    pause) pause ;;
    resume) launch ;;
    stop) stop ;;
    *) fail "start, pause, resume or stop, not $action." ;;
esac
