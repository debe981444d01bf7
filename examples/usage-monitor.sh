#!/usr/bin/env bash
# Looks at an account's usage every five minutes, as the documented example does, and exits with 1 when its quota is used past a threshold.
#
#   CLOUDAPI_URL=https://… CLOUDAPI_KEY=… examples/usage-monitor.sh [ACCOUNT_ID] [THRESHOLD_PERCENT]
#
# The account is the credential's first one when left out, the threshold 85. ONCE=1 looks once. The server can watch by itself:
# with ALERT=1 an alert is made instead, which tells Slack, and the script ends.
set -euo pipefail

: "${CLOUDAPI_URL:?where the server is}" "${CLOUDAPI_KEY:?a key with accounts:read and usage:read}"

call() { curl -sS --fail-with-body --max-time 30 -H "Authorization: Bearer $CLOUDAPI_KEY" "$@"; }

account=${1:-$(call "$CLOUDAPI_URL/v1/accounts" | jq -er '(.data // .items)[0].id')}
threshold=${2:-85}

if [ -n "${ALERT:-}" ]; then
    call -H 'Content-Type: application/json' "$CLOUDAPI_URL/v1/alerts" \
        -d "{\"account_id\":\"$account\",\"rule\":\"quota_percent > $threshold\",\"channel\":\"slack\"}" | jq '{id, state, channels}'
    exit
fi

while :; do
    usage=$(call "$CLOUDAPI_URL/v1/accounts/$account/usage?window=5m")
    jq -r '"\(.data[-1].start)  \(.data[-1].requests) requests in this window, \(.quota_used) of \(.quota_limit // "no limit") this month"' <<<"$usage"
    # A quota that is exactly at the threshold is not past it.
    if jq -e --argjson threshold "$threshold" '.quota_percent != null and .quota_percent > $threshold' <<<"$usage" >/dev/null; then
        echo "The account $account has used $(jq .quota_percent <<<"$usage") % of its quota." >&2
        exit 1
    fi
    [ -z "${ONCE:-}" ] || exit 0
    sleep 300
done
