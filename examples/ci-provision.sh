#!/usr/bin/env bash
# Provisions an instance for one run of a pipeline, uses it, and always takes it away again.
#
#   CLOUDAPI_URL=https://… CLOUDAPI_KEY=sk_live_… examples/ci-provision.sh NAME [SIZE] [IMAGE] -- COMMAND…
#
# COMMAND runs once the instance is running, with INSTANCE_ID and INSTANCE_ADDRESS in its environment. Exit codes a pipeline can trust:
#   0  it ran, and the instance is gone again
#   2  wrong use
#   3  refused: the problem is printed (quota, budget, bad request, missing scope)
#   4  accepted, and could not be brought up; its operation is printed
#   5  not up in time
#   6  the instance could not be deleted: look at it, it may cost money
#   otherwise the exit code of COMMAND
set -uo pipefail

: "${CLOUDAPI_URL:?where the server is}" "${CLOUDAPI_KEY:?a key with instances:write and operations:read}"
name=${1:-}; shift || true
arguments=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do arguments+=("$1"); shift; done
[ -n "$name" ] && [ "${1:-}" = -- ] && [ $# -gt 1 ] || { sed -n '2,7p' "$0" >&2; exit 2; }
shift
size=${arguments[0]:-s-1} image=${arguments[1]:-debian-12} patience=${PATIENCE_SECONDS:-300}

# One key for the whole run: a retry after a lost answer makes nothing twice.
run_key="ci-$name-${CI_JOB_ID:-$$-$RANDOM}"
body=$(mktemp); id=""

call() {  # method path [json]; prints the status, leaves the answer in $body
    local data=()
    [ $# -ge 3 ] && data=(-H 'Content-Type: application/json' -d "$3")
    curl -sS --retry 4 --retry-all-errors --max-time 90 -o "$body" -w '%{http_code}' -X "$1" "$CLOUDAPI_URL$2" \
        -H "Authorization: Bearer $CLOUDAPI_KEY" -H "Idempotency-Key: $run_key-$1-${2%%\?*}" "${data[@]}"
}

cleanup() {
    local code=$?
    trap - EXIT
    if [ -n "$id" ]; then
        call DELETE "/v1/instances/$id?purge=true&allow_missing=true&wait=60s" >/dev/null
        for _ in $(seq 30); do
            [ "$(call GET "/v1/instances/$id")" = 410 ] && { rm -f "$body"; exit $code; }
            sleep 2
        done
        echo "The instance $id could not be deleted." >&2
        code=6
    fi
    rm -f "$body"
    exit $code
}
trap cleanup EXIT
trap 'exit 130' INT TERM

status=$(call POST "/v1/instances?wait=60s" \
    "$(jq -n --arg name "$name" --arg size "$size" --arg image "$image" --argjson command "${INSTANCE_COMMAND:-[]}" \
        '{name: $name, ttl_s: 3600, labels: {made_by: "ci"}, spec: {size: $size, image: $image, command: $command}}')")
if [ "$status" != 201 ]; then
    echo "Refused ($status):" >&2
    jq . "$body" >&2 || cat "$body" >&2
    exit 3
fi
id=$(jq -r .id "$body") operation=$(jq -r .operation.id "$body")

deadline=$((SECONDS + patience))
while :; do
    call GET "/v1/operations/$operation?wait=30s" >/dev/null
    case $(jq -r .state "$body") in
        succeeded) break ;;
        failed | canceled | blocked | stuck) jq . "$body" >&2; exit 4 ;;
    esac
    [ $SECONDS -lt $deadline ] || { echo "Not up within $patience s." >&2; exit 5; }
done

call GET "/v1/instances/$id" >/dev/null
INSTANCE_ID=$id INSTANCE_ADDRESS=$(jq -r '.status.addresses[0].ip // ""' "$body") "$@"
