#!/usr/bin/env bash
# Runs the storage tests on SQLite and on a PostgreSQL 15 of their own, made for this run and gone after it (Debian 12); then the tests of
# prices, points and costs on PostgreSQL alone.
# Arguments go on to `swift test`. The server listens on a socket in its temporary directory only, keeps fsync on, and orders text
# by a language rather than by bytes, as most servers do, so that a query which leans on the default order is found out.
set -euo pipefail
cd "$(dirname "$0")/.."

bin=/usr/lib/postgresql/15/bin
home=
server=

fail() {
    echo "test-postgres: $*" >&2
    exit 1
}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# initdb and postgres refuse root. setpriv becomes the command, so the process id stays that of the server.
as_postgres() { if [ "$(id -u)" = 0 ]; then exec setpriv --reuid=postgres --regid=postgres --init-groups "$@"; else exec "$@"; fi; }

clean_up() {
    if [ -n "$server" ]; then
        kill -INT "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    if [ -n "$home" ]; then rm -rf "$home"; fi
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [ ! -x "$bin/postgres" ]; then
    as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql-15 \
        || fail "postgresql-15 could not be installed."
fi

home=$(mktemp -d /tmp/cloudapi-postgres.XXXXXX)
if [ "$(id -u)" = 0 ]; then chown postgres:postgres "$home"; fi

(as_postgres "$bin/initdb" --pgdata="$home/data" --username=postgres --auth=trust --encoding=UTF8 \
    --locale=C.UTF-8 --locale-provider=icu --icu-locale=en-US) >"$home/initdb.log" 2>&1 || {
    cat "$home/initdb.log" >&2
    fail "initdb failed."
}

(as_postgres "$bin/postgres" -D "$home/data" -k "$home" -c listen_addresses= -c fsync=on -c max_connections=300) >"$home/server.log" 2>&1 &
server=$!
for _ in $(seq 300); do
    "$bin/pg_isready" -q -h "$home" -U postgres && break
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
done
"$bin/pg_isready" -q -h "$home" -U postgres || {
    cat "$home/server.log" >&2
    fail "PostgreSQL did not start."
}

export CLOUDAPI_TEST_POSTGRES="postgres://postgres@/postgres?host=$home"
swift test --filter 'StorageTests|PricesTests.*PostgreSQL' "$@"
CLOUDAPI_TEST_ENGINE=postgres SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=6 swift test --skip-build --filter 'CostsTests|MeteringTests' "$@"

# The real process on databases of their own: bills against the independent computation, and kill -9 while they are imported.
swift build --product cloudapi
for suite in Tests/Conformance/costs.py Tests/Durability/imports.py; do
    "$bin/psql" -q -h "$home" -U postgres -c "CREATE DATABASE $(basename "$suite" .py)"
    CLOUDAPI_DATABASE="postgres://postgres@/$(basename "$suite" .py)?host=$home" python3 "$suite" --binary .build/debug/cloudapi
done
