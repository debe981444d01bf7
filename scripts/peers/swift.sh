#!/usr/bin/env bash
# An OpenStack Swift of its own for tests, with its S3 API: `swift.sh start <folder>` and `swift.sh stop <folder>`. Needs python3 with venv and
# memcached; Swift comes from PyPI into .build/venv. One replica, one user. <folder>/swift.env says where it listens and
# which keys are good. Every port is the kernel's choice, since its proxy shares one that is taken without a word.
set -euo pipefail

action=${1:?start or stop}
home=${2:?a folder}
here=$(cd "$(dirname "$0")" && pwd)

fail() {
    echo "swift: $*" >&2
    for log in "$home"/*.log; do [ -f "$log" ] && tail -n 20 "$log" >&2; done
    exit 1
}

# Several at once, so that no two are the same.
free_ports() {
    python3 -c 'import socket, sys
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(*(each.getsockname()[1] for each in held))' "$1"
}

# A program in a session of its own, with its children.
launch() {
    local name=$1
    shift
    setsid "$@" >"$home/$name.log" 2>&1 </dev/null &
    echo $! >>"$home/pids"
}

start() {
    mkdir -p "$home/etc" "$home/devices/d1"
    local bin
    bin=$(dirname "$(PYTHONPATH="$here/../../Tests/Durability" python3 -c 'from server import python_with; print(python_with("swift", "setuptools<81"))')") ||
        fail "it could not be installed."
    read -r account container object proxy cache <<<"$(free_ports 5)"
    cd "$home/etc"
    printf '[swift-hash]\nswift_hash_path_suffix = tests\nswift_hash_path_prefix = tests\n[storage-policy:0]\nname = gold\ndefault = yes\n' >swift.conf
    export SWIFT_CONF_DIR=$home/etc
    local common="bind_ip = 127.0.0.1\nuser = $(id -un)\nswift_dir = $home/etc\nworkers = 0\nlog_address = /nonexistent\nfallocate_reserve = 0\ndevices = $home/devices\nmount_check = false\n"
    local name port
    for pair in account:$account container:$container object:$object; do
        name=${pair%:*} port=${pair#*:}
        "$bin/swift-ring-builder" "$name.builder" create 6 1 1 >/dev/null
        "$bin/swift-ring-builder" "$name.builder" add "r1z1-127.0.0.1:$port/d1" 1 >/dev/null
        "$bin/swift-ring-builder" "$name.builder" rebalance >/dev/null
        # shellcheck disable=SC2059
        printf "[DEFAULT]\n${common}bind_port = $port\n[pipeline:main]\npipeline = $name-server\n[app:$name-server]\nuse = egg:swift#$name\n" >"$name.conf"
    done
    {
        # shellcheck disable=SC2059
        printf "[DEFAULT]\n${common}bind_port = $proxy\n[pipeline:main]\npipeline = catch_errors gatekeeper healthcheck cache bulk tempurl s3api tempauth copy slo dlo versioned_writes symlink proxy-server\n"
        printf '[app:proxy-server]\nuse = egg:swift#proxy\naccount_autocreate = true\n[filter:tempauth]\nuse = egg:swift#tempauth\nuser_test_tester = testing .admin\n'
        printf '[filter:s3api]\nuse = egg:swift#s3api\nlocation = us-east-1\n[filter:cache]\nuse = egg:swift#memcache\nmemcache_servers = 127.0.0.1:%s\n' "$cache"
        printf '[filter:versioned_writes]\nuse = egg:swift#versioned_writes\nallow_object_versioning = true\n'
        for name in catch_errors gatekeeper healthcheck bulk tempurl copy slo dlo symlink; do printf '[filter:%s]\nuse = egg:swift#%s\n' "$name" "$name"; done
    } >proxy.conf
    launch memcached memcached -u "$(id -un)" -l 127.0.0.1 -p "$cache"
    for name in account container object; do launch "$name" "$bin/swift-$name-server" "$home/etc/$name.conf"; done
    launch proxy "$bin/swift-proxy-server" "$home/etc/proxy.conf"
    for _ in $(seq 300); do
        curl --silent --fail --max-time 1 "http://127.0.0.1:$proxy/healthcheck" --output /dev/null && break
        sleep 0.1
    done
    curl --silent --fail --max-time 5 "http://127.0.0.1:$proxy/healthcheck" --output /dev/null || fail "it did not answer within 30 seconds."
    {
        echo "export CLOUDAPI_TEST_SWIFT=http://127.0.0.1:$proxy"
        echo "export CLOUDAPI_TEST_SWIFT_KEY=test:tester CLOUDAPI_TEST_SWIFT_SECRET=testing"
    } >"$home/swift.env"
}

stop() {
    if [ -f "$home/pids" ]; then
        local process
        while read -r process; do kill -- "-$process" 2>/dev/null || true; done <"$home/pids"
        for _ in $(seq 50); do
            local alive=
            while read -r process; do if kill -0 -- "-$process" 2>/dev/null; then alive=1; fi; done <"$home/pids"
            [ -n "$alive" ] || break
            sleep 0.1
        done
        while read -r process; do kill -KILL -- "-$process" 2>/dev/null || true; done <"$home/pids"
    fi
    rm -rf "$home"
}

case $action in
    start) start ;;
    stop) stop ;;
    *) fail "start or stop, not $action." ;;
esac
