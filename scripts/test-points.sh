#!/usr/bin/env bash
# Points in a real ClickHouse, made for this run and gone after it (Debian 12): answers with it and without it, byte for byte, and what happens
# when it has lost rows, has them twice, or is down. Tests must be built. A ClickHouse that cannot be started is a failure, never a skip.
set -euo pipefail
cd "$(dirname "$0")/.."

home=$(mktemp -d /tmp/cloudapi-points.XXXXXX)
clean_up() {
    scripts/peers/clickhouse.sh stop "$home" || true
    rm -rf "$home"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

scripts/setup.sh clickhouse-server curl
scripts/peers/clickhouse.sh start "$home" || {
    echo "test-points: FAILED: ClickHouse could not be started on this machine, so nothing was tested; its last words are above." >&2
    exit 1
}
# shellcheck disable=SC1091
source "$home/clickhouse.env"
export CLOUDAPI_TEST_PEERS_REQUIRED=1
swift test --skip-build --ignore-lock --filter 'ClickHouse|Copies of points' "$@"
