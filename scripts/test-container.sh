#!/usr/bin/env bash
# Builds deploy/Containerfile and runs deploy/compose.yaml on a dockerd made for this run and gone after it, where there is no registry (Debian 12,
# root; not part of what the build server runs):
#
#   scripts/test-container.sh .build/release/cloudapi
#
# The three images that they are made from are stand-ins: debian:bookworm-slim comes from Debian's packages by debootstrap; swift:6.3-bookworm is that
# with a `swift` that hands out the binary named above (and with what the binary needs of Swift's libraries, if they are not linked in);
# postgres:15-bookworm is Debian's postgresql-15 with an entry point that knows POSTGRES_*. Everything else is as the two files say.
set -euo pipefail
cd "$(dirname "$0")/.."

binary=$(realpath "${1:?the binary}")
home=$(mktemp -d /tmp/cloudapi-container.XXXXXX)
namespace=cloudapi-$(basename "$home")
export DOCKER_HOST=unix://$home/docker.sock DOCKER_BUILDKIT=0 COMPOSE_PROJECT_NAME=cloudapi
daemon=

fail() {
    echo "test-container: FAILED: $*" >&2
    for container in $(docker ps --quiet --all 2>/dev/null); do docker logs "$container" 2>&1 | tail -n 20 >&2 || true; done
    exit 1
}
ok() { echo "ok    $*"; }

# In a network namespace without a way out nothing outside changes; where packages are to be installed it has this machine's network and no bridge.
launch() {
    local enter=()
    [ "$1" = outside ] || enter=(nsenter "--net=/run/netns/$namespace")
    setsid "${enter[@]}" dockerd --host "$DOCKER_HOST" --data-root "$home/root" --exec-root "$home/exec" --pidfile "$home/docker.pid" "${@:2}" \
        >>"$home/dockerd.log" 2>&1 </dev/null &
    daemon=$!
    for _ in $(seq 300); do
        docker version >/dev/null 2>&1 && return
        sleep 0.1
    done
    tail -n 20 "$home/dockerd.log" >&2
    fail "dockerd did not start."
}

end() {
    [ -n "$daemon" ] || return 0
    kill "$(cat "$home/docker.pid")" 2>/dev/null || true
    wait "$daemon" 2>/dev/null || true
    daemon=
}

clean_up() {
    docker ps --quiet --all 2>/dev/null | xargs --no-run-if-empty docker rm --force --volumes >/dev/null 2>&1 || true
    end
    ip netns del "$namespace" 2>/dev/null || true
    umount --recursive "$home/root" "$home/exec/netns/default" 2>/dev/null || true
    rm -rf "$home"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

scripts/setup.sh docker.io docker-compose debootstrap iproute2 iptables curl openssl

# Images

debootstrap --variant=minbase bookworm "$home/debian" >"$home/debootstrap.log" || fail "debootstrap: $(tail -n 3 "$home/debootstrap.log")"
ldd "$binary" | awk '$3 ~ /\/swift\// { print $3 }' | while read -r library; do install -D "$library" "$home/debian$library"; done
launch outside --bridge none --iptables=false --ip-forward=false
tar -C "$home/debian" -c . | docker import - docker.io/library/debian:bookworm-slim >/dev/null
rm -rf "$home/debian"

mkdir "$home/swift" "$home/postgres"
cp "$binary" "$home/swift/cloudapi"
cat >"$home/swift/swift" <<'SWIFT'
#!/bin/sh
case "$1" in
    build) install -D /cloudapi .build/release/cloudapi ;;
    package) grep -q cloudapi Package.swift ;;
esac
SWIFT
chmod +x "$home/swift/swift"
docker build --quiet --network host --tag docker.io/library/swift:6.3-bookworm --file - "$home/swift" >/dev/null <<'IMAGE' || fail "Swift's image"
FROM docker.io/library/debian:bookworm-slim
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends binutils
COPY cloudapi /
COPY swift /usr/bin/
IMAGE
cat >"$home/postgres/entrypoint" <<'POSTGRES'
#!/bin/bash
set -euo pipefail
if [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA" && chown -R postgres: "$PGDATA" && chmod 700 "$PGDATA"
    exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi
if [ ! -e "$PGDATA/PG_VERSION" ]; then
    initdb --username="$POSTGRES_USER" --pwfile=<(echo "$POSTGRES_PASSWORD") --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8
    echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
    pg_ctl start --wait --options "-c listen_addresses="
    createdb --username="$POSTGRES_USER" "$POSTGRES_DB"
    pg_ctl stop --wait --mode fast
fi
exec "$@" -c listen_addresses='*'
POSTGRES
chmod +x "$home/postgres/entrypoint"
docker build --quiet --network host --tag docker.io/library/postgres:15-bookworm --file - "$home/postgres" >/dev/null <<'IMAGE' || fail "PostgreSQL's image"
FROM docker.io/library/debian:bookworm-slim
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql-15
ENV PGDATA=/var/lib/postgresql/data PATH=/usr/lib/postgresql/15/bin:/usr/sbin:/usr/bin:/sbin:/bin
COPY entrypoint /usr/local/bin/
VOLUME /var/lib/postgresql/data
STOPSIGNAL SIGINT
ENTRYPOINT ["/usr/local/bin/entrypoint"]
CMD ["postgres"]
IMAGE
docker build --network host --file deploy/Containerfile --tag cloudapi . >"$home/build.log" 2>&1 || fail "deploy/Containerfile: $(tail -n 5 "$home/build.log")"
ok "deploy/Containerfile is built: $(($(docker image inspect cloudapi --format '{{.Size}}') >> 20)) MB, and $(grep 'Sending build context' "$home/build.log" | tail -n 1 | awk '{ print $NF }') sent"
end

# One container

ip netns add "$namespace"
ip -n "$namespace" link set lo up
launch inside --bip 10.79.0.1/24
inside() { nsenter "--net=/run/netns/$namespace" "$@"; }
ask() { inside curl --silent --fail --max-time 10 --header "Authorization: Bearer $key" "http://127.0.0.1:8080$1" "${@:2}"; }
healthy() {
    for _ in $(seq 400); do
        case $(docker inspect "$1" --format '{{.State.Health.Status}} {{.State.Running}}') in
            "healthy true") return 0 ;;
            *false) break ;;
        esac
        sleep 0.1
    done
    docker inspect "$1" --format '{{json .State}}' >&2
    return 1
}
key_of() { grep -o 'pk_live_[A-Za-z0-9]*' | head -n 1; }

docker run --detach --name plain --publish 8080:8080 --volume cloudapi:/data --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges cloudapi >/dev/null
healthy plain || fail "it does not become healthy."
ok "healthy, with a read-only root and no capability"
key=$(docker logs plain 2>&1 | key_of)
[ -n "$key" ] || fail "no key was printed."
ok "how to sign in is printed once"
[ "$(docker exec plain id --user)" = 10001 ] && [ "$(docker exec plain stat --format '%u %a' /data)" = "10001 700" ] || fail "it runs as another user."
ok "it runs as a user of its own, and /data is that one's"
ask /v1/projects --json '{"name":"kept"}' --output /dev/null || fail "a project cannot be made."
started=$SECONDS
docker stop --time 30 plain >/dev/null
[ "$(docker inspect plain --format '{{.State.ExitCode}}')" = 0 ] || fail "it ended with another status than 0."
ok "SIGTERM ends it, with status 0, after $((SECONDS - started)) s"
docker rm plain >/dev/null
docker run --detach --name plain --publish 8080:8080 --volume cloudapi:/data cloudapi >/dev/null
healthy plain || fail "it does not become healthy again."
ask /v1/projects | grep -q '"kept"' || fail "the project is gone."
[ -z "$(docker logs plain 2>&1 | key_of)" ] || fail "keys are printed again."
ok "another container on its volume has what was there"
docker rm --force plain >/dev/null

# The compose file

cp -r deploy "$home/deploy"
printf 'POSTGRES_PASSWORD=%s\nCLOUDAPI_VAULT_KEY=%s\n' "$(openssl rand -hex 24)" "$(openssl rand -base64 32)" >"$home/deploy/.env"
compose() { docker-compose --file "$home/deploy/compose.yaml" "$@" 2>>"$home/compose.log"; }
compose up --detach --no-build || fail "compose up: $(tail -n 5 "$home/compose.log")"
container() { compose ps --quiet "$1"; }
healthy "$(container postgres)" || fail "PostgreSQL is not healthy."
healthy "$(container cloudapi)" || fail "CloudAPI is not healthy beside PostgreSQL: $(compose logs cloudapi | tail -n 5)"
key=$(compose logs --no-color cloudapi | key_of)
ask /v1/projects --json '{"name":"kept"}' --output /dev/null || fail "a project cannot be made."
[ "$(docker exec "$(container postgres)" psql -U cloudapi -d cloudapi -Atc "SELECT count(*) FROM projects WHERE name = 'kept'")" = 1 ] || fail "it is not in PostgreSQL."
ok "compose: CloudAPI and PostgreSQL are healthy, and a project stands in PostgreSQL"
compose restart postgres
for _ in $(seq 200); do ask /v1/projects --output /dev/null && break || sleep 0.1; done
ask /v1/projects --output /dev/null || fail "it does not find PostgreSQL again."
ok "PostgreSQL is started anew under it"
compose stop
[ "$(docker inspect "$(container cloudapi)" --format '{{.State.ExitCode}}')" = 0 ] || fail "CloudAPI ended with another status than 0."
[ "$(docker inspect "$(container postgres)" --format '{{.State.ExitCode}}')" = 0 ] || fail "PostgreSQL ended with another status than 0."
compose up --detach --no-build
healthy "$(container cloudapi)" || fail "CloudAPI is not healthy again."
ask /v1/projects | grep -q '"kept"' || fail "the project is gone."
ok "both stop with status 0 and come back with what they had"
compose down --volumes
