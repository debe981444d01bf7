#!/usr/bin/env bash
# Makes a SOC 2 evidence report over the last DAYS days (30), keeps it as JSON, CSV and a page to print, signs it off, and checks the JSON
# with nothing else at hand.
#
#   CLOUDAPI_URL=https://… CLOUDAPI_KEY=pk_live_… examples/compliance.sh FOLDER [PROJECT_ID…]
#
# The key needs audit:read and audit:write. With CLOUDAPI_BINARY the check is `cloudapi audit verify --report`; PUBLIC_KEY, got at another
# time from GET /v1/audit/keys, proves who signed. NOTE is what the sign-off says; without it nothing is signed off. Needs curl and jq.
set -euo pipefail

: "${CLOUDAPI_URL:?where the server is}" "${CLOUDAPI_KEY:?a key of the workspace with audit:read and audit:write}"
folder=${1:?a folder to keep the report in}
shift
mkdir -p "$folder"

call() { curl -sS --fail-with-body --max-time 300 -H "Authorization: Bearer $CLOUDAPI_KEY" "$@"; }

to=$(date -u +%Y-%m-%dT%H:%M:%SZ) from=$(date -u -d "${DAYS:-30} days ago" +%Y-%m-%dT%H:%M:%SZ)
body=$(jq -n --arg from "$from" --arg to "$to" '{framework: "soc2", from: $from, to: $to}
    + (if ($ARGS.positional | length) > 0 then {project_ids: $ARGS.positional} else {} end)' --args "$@")
report=$(call -H 'Content-Type: application/json' "$CLOUDAPI_URL/v1/compliance/reports" -d "$body")
id=$(jq -er .id <<<"$report")
jq -r '.manifest.sections[] | "\(.name): \(if .status == "no_data" then "no data, " + .gaps[0] else "\(.rows) rows" end)"' <<<"$report"

for format in json csv html; do call -o "$folder/$id.$format" "$CLOUDAPI_URL/v1/compliance/reports/$id/content?format=$format"; done

if [ -n "${NOTE:-}" ]; then
    call -H 'Content-Type: application/json' "$CLOUDAPI_URL/v1/compliance/reports/$id/attest" \
        -d "$(jq -n --arg note "$NOTE" '{decision: "approved", note: $note}')" | jq -r '"signed off by \(.attestations[-1].actor_id)"'
fi

if [ -n "${CLOUDAPI_BINARY:-}" ]; then
    "$CLOUDAPI_BINARY" audit verify --report "$folder/$id.json" ${PUBLIC_KEY:+--public-key "$PUBLIC_KEY"}
fi
echo "The report is in $folder/$id.{json,csv,html}."
