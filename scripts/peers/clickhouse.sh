#!/usr/bin/env bash
# A ClickHouse of its own for tests: `clickhouse.sh start <folder>` and `clickhouse.sh stop <folder>`. Needs Debian's clickhouse-server. One
# user with a password, on a port of the kernel's choice at loopback; <folder>/clickhouse.env says where it listens. Its cluster `points` has two
# shards, which are the databases shard_1 and shard_2 of the one server.
set -euo pipefail

action=${1:?start or stop}
home=${2:?a folder}

fail() {
    echo "clickhouse: $*" >&2
    tail -n 20 "$home/server.log" >&2 2>/dev/null || true
    exit 1
}

start() {
    command -v clickhouse-server >/dev/null || fail "clickhouse-server is missing: apt-get install clickhouse-server"
    mkdir -p "$home/data" "$home/tmp"
    local http tcp
    read -r http tcp <<<"$(python3 -c 'import socket
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(each.getsockname()[1] for each in held))')"
    cat >"$home/config.xml" <<XML
<yandex>
  <logger><level>warning</level><console>1</console></logger>
  <listen_host>127.0.0.1</listen_host><http_port>$http</http_port><tcp_port>$tcp</tcp_port>
  <path>$home/data/</path><tmp_path>$home/tmp/</tmp_path>
  <users_config>$home/users.xml</users_config>
  <default_profile>default</default_profile><default_database>default</default_database>
  <remote_servers><points>
$(for shard in 1 2; do echo "<shard><replica><host>127.0.0.1</host><port>$tcp</port><user>cloudapi</user><password>se/cret</password><default_database>shard_$shard</default_database></replica></shard>"; done)
  </points></remote_servers>
  <mark_cache_size>268435456</mark_cache_size><timezone>UTC</timezone>
</yandex>
XML
    cat >"$home/users.xml" <<XML
<yandex>
  <profiles><default><max_memory_usage>2000000000</max_memory_usage></default></profiles>
  <users><cloudapi><password>se/cret</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></cloudapi></users>
  <quotas><default/></quotas>
</yandex>
XML
    setsid clickhouse-server --config-file="$home/config.xml" >"$home/server.log" 2>&1 </dev/null &
    echo $! >"$home/pid"
    for _ in $(seq 300); do
        curl --silent --fail --max-time 1 "http://127.0.0.1:$http/ping" --output /dev/null && break
        kill -0 "$(cat "$home/pid")" 2>/dev/null || fail "it ended."
        sleep 0.1
    done
    curl --silent --fail --max-time 5 "http://127.0.0.1:$http/ping" --output /dev/null || fail "it did not answer within 30 seconds."
    echo "export CLOUDAPI_TEST_CLICKHOUSE=http://cloudapi:se%2Fcret@127.0.0.1:$http/default" >"$home/clickhouse.env"
}

stop() {
    [ -f "$home/pid" ] || return 0
    local process
    process=$(cat "$home/pid")
    kill "$process" 2>/dev/null || true
    for _ in $(seq 100); do
        kill -0 "$process" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -9 "$process" 2>/dev/null || true
}

case $action in
    start) start ;;
    stop) stop ;;
    *) fail "start or stop, not $action." ;;
esac
