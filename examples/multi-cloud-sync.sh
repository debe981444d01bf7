#!/usr/bin/env bash
# The same instance on several clouds, changed past the server on each, found, shown and put right.
#
#   CHANGE='docker stop "$PROVIDER_REF"' multi-cloud-sync.sh CONNECTION=IMAGE[=COMMAND]...
#
# COMMAND is a JSON list, for clouds that run containers: docker='debian-12=["sleep","600"]' aws=ami-1e749f67
#
# CLOUDAPI_URL, CLOUDAPI_KEY and PROJECT (an id) say where and whose. CHANGE is run once for each instance, with CONNECTION and PROVIDER_REF in its
# environment: whatever somebody does to an instance without asking the server, such as stopping it. Exit codes: 0 when every change was found and
# reverted, 1 when one was not, 2 for wrong use. The instances are deleted at the end, whatever happens.
set -euo pipefail

[ $# -gt 0 ] && [ -n "${CHANGE:-}" ] || { echo "usage: CHANGE=COMMAND $0 CONNECTION=IMAGE[=COMMAND]..." >&2; exit 2; }
: "${CLOUDAPI_URL:?}" "${CLOUDAPI_KEY:?}" "${PROJECT:?}"
# How long a change may take to be found, in seconds; a cloud whose lists lag is not believed for the first minute.
within=${WITHIN:-120}

api() { # METHOD PATH [BODY]
    curl --silent --show-error --fail-with-body --max-time 100 --request "$1" "$CLOUDAPI_URL$2" \
        --header "Authorization: Bearer $CLOUDAPI_KEY" --header "Content-Type: application/json" ${3:+--data "$3"}
}

made=()
clean_up() {
    for id in "${made[@]}"; do api DELETE "/v1/instances/$id?purge=true&wait=60s" >/dev/null || echo "left: $id" >&2; done
}
trap clean_up EXIT

for target in "$@"; do
    IFS='=' read -r connection image command <<<"$target"
    body=$(jq --null-input --arg name "sync-$connection" --arg project "$PROJECT" --arg provider "$connection" --arg image "$image" \
        --argjson command "${command:-null}" '{name: $name, project_id: $project, provider: $provider, drift_policy: "report",
            sync_interval_s: 5, spec: ({size: "n-1", image: $image} + (if $command then {command: $command} else {} end))}')
    answer=$(api POST "/v1/instances?wait=60s" "$body")
    made+=("$(jq --raw-output .id <<<"$answer")")
    echo "$connection: $(jq --raw-output '.status.power + " as " + .status.provider_ref' <<<"$answer")"
done

# In step first: what was just made is not judged by lists that lag.
failed=0
for id in "${made[@]}"; do
    for ((second = 0; second < within; second++)); do
        instance=$(api GET "/v1/instances/$id")
        [ "$(jq --raw-output '.status.conditions[] | select(.type == "Synced") | .status' <<<"$instance")" = true ] && break
        sleep 1
    done
    connection=$(jq --raw-output '.name | ltrimstr("sync-")' <<<"$instance") reference=$(jq --raw-output .status.provider_ref <<<"$instance")
    CONNECTION=$connection PROVIDER_REF=$reference sh -c "$CHANGE" >/dev/null
    for ((second = 0; second < within; second++)); do
        drift=$(api GET "/v1/drift?resource=$id&status=open&limit=1" | jq '.data[0] // empty')
        [ -n "$drift" ] && break
        sleep 1
    done
    [ -n "$drift" ] || { echo "$connection: nothing was found"; failed=1; continue; }
    echo "$connection: $(jq --raw-output '.class + ": " + ([.fields[] | "\(.path) is \(.observed), wanted \(.wanted)"] | join("; "))' <<<"$drift")"
    drift=$(jq --raw-output .id <<<"$drift")
    api POST "/v1/drift/$drift/revert" >/dev/null
    for ((second = 0; second < within; second++)); do
        resolution=$(api GET "/v1/drift/$drift" | jq --raw-output '.resolution // empty')
        [ -n "$resolution" ] && break
        sleep 1
    done
    echo "$connection: ${resolution:-not yet over}"
    [ "$resolution" = reverted ] || failed=1
done
exit "$failed"
