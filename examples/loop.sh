#!/usr/bin/env bash
# The whole loop on a running server: an instance is made in a project with a one-dollar budget, metered and priced; `budget_percent > 85`
# fires; the alert stops the instance; a webhook tells of it, and its signature is checked; and the trace of the first request names every link.
#
#   CLOUDAPI_URL=http://127.0.0.1:8080 CLOUDAPI_KEY=pk_live_… examples/loop.sh
#
# PROVIDER is a connection (id or name); without one a simulator is connected. IMAGE, COMMAND_JSON and SIZE say what is run. The receiver
# listens on 127.0.0.1, so the server needs `--allow-egress 127.0.0.0/8`. With CLOUDAPI_BINARY and CLOUDAPI_DATA the log is proved at the end.
#
# What makes it quick is the price: 400 dollars an hour pass 85 cents in eight seconds. The budget does not enforce, or it would refuse such
# an instance at once; `budget_percent` is what was really spent, never what is reserved. Exits 0 when every link is there. Needs curl, jq, python3.
set -uo pipefail

: "${CLOUDAPI_URL:?where the server is}" "${CLOUDAPI_KEY:?a workspace key with all scopes}"
size=${SIZE:-s-1} image=${IMAGE:-debian-12} command=${COMMAND_JSON:-[]} run=$(date +%s)-$$
work=$(mktemp -d) receiver="" webhook="" instance="" price="" made_connection="" alert=""

say() { printf '%-24s %s\n' "$1" "$2"; }
fail() { echo "FAILED: $*" >&2; exit 1; }

call() {  # method path [json]; prints the answer; fails for anything but 2xx. The headers of the last one are in $work/headers.
    local data=() status
    [ $# -ge 3 ] && data=(-H 'Content-Type: application/json' -d "$3")
    status=$(curl -sS --max-time 90 -o "$work/body" -D "$work/headers" -w '%{http_code}' -X "$1" "$CLOUDAPI_URL$2" \
        -H "Authorization: Bearer $CLOUDAPI_KEY" "${data[@]}") || return 1
    cat "$work/body"
    case $status in 2*) ;; *) echo "$1 $2: $status $(cat "$work/body")" >&2; return 1 ;; esac
}

cleanup() {
    local code=$?
    trap - EXIT
    {
        [ -n "$alert" ] && call DELETE "/v1/alerts/$alert"
        [ -n "$instance" ] && call DELETE "/v1/instances/$instance?purge=true&wait=60s"
        [ -n "$price" ] && call DELETE "/v1/prices/$price"
        [ -n "$webhook" ] && call DELETE "/v1/webhooks/$webhook"
        [ -n "$made_connection" ] && call DELETE "/v1/connections/$made_connection"
        [ -n "$receiver" ] && kill "$receiver"
    } >/dev/null 2>&1
    rm -rf "$work"
    exit $code
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# The receiver: writes the port it listens on, then one file for each delivery.
cat >"$work/receiver.py" <<'PY'
import base64, hashlib, hmac, http.server, json, pathlib, sys
folder = pathlib.Path(sys.argv[1])
class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        key = base64.b64decode((folder / "secret").read_text().strip().removeprefix("whsec_"))
        signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + body
        right = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        verified = any(hmac.compare_digest(right, one) for one in self.headers["webhook-signature"].split())
        try:  # a second opinion, where the library is there
            import svix
            svix.Webhook((folder / "secret").read_text().strip()).verify(body, dict(self.headers))
            judge = "svix"
        except ImportError:
            judge = "hmac"
        except Exception:
            verified, judge = False, "svix"
        with (folder / "letters").open("a") as letters:
            letters.write(json.dumps({"id": self.headers["webhook-id"], "type": json.loads(body)["type"], "verified": verified, "by": judge}) + "\n")
        self.send_response(204 if verified else 400)
        self.end_headers()
    def log_message(self, *arguments): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
(folder / "port").write_text(str(server.server_port))
server.serve_forever()
PY
touch "$work/letters"
python3 "$work/receiver.py" "$work" & receiver=$!
for _ in $(seq 50); do [ -s "$work/port" ] && break; sleep 0.1; done
[ -s "$work/port" ] || fail "the receiver did not start"

project=$(call POST /v1/projects "{\"name\":\"Loop $run\"}" | jq -er .id) || fail "no project"
if [ -z "${PROVIDER:-}" ]; then
    made_connection=$(call POST /v1/connections \
        "{\"name\":\"loop-$run\",\"provider\":\"simulator\",\"project_ids\":[\"$project\"]}" | jq -er .id) || fail "no connection"
    PROVIDER=$made_connection
fi
driver=$(call GET "/v1/connections/$PROVIDER" | jq -er .provider) || fail "no connection $PROVIDER"
price=$(call POST /v1/prices "{\"sku\":\"instance.$size\",\"provider\":\"$driver\",\"amount\":\"400\",\"description\":\"examples/loop.sh\"}" |
    jq -er .id) || fail "no price"
budget=$(call POST /v1/budgets \
    "{\"name\":\"Loop $run\",\"amount\":\"1\",\"enforced\":false,\"scope\":{\"project_id\":\"$project\"}}" | jq -er .id) || fail "no budget"
call POST /v1/webhooks "{\"url\":\"http://127.0.0.1:$(cat "$work/port")/\",\"events\":[\"alert.*\"],\"project_ids\":[\"$project\"]}" \
    >"$work/webhook" || fail "no webhook: does the server run with --allow-egress 127.0.0.0/8?"
webhook=$(jq -er .id "$work/webhook")
jq -r .secret "$work/webhook" >"$work/secret"

call POST "/v1/instances?wait=60s" "$(jq -n --arg project "$project" --arg name "loop-$run" --arg size "$size" --arg image "$image" \
    --arg provider "$PROVIDER" --argjson command "$command" \
    '{name: $name, project_id: $project, provider: $provider, ttl_s: 3600, labels: {team: "loop"}, spec: {size: $size, image: $image, command: $command}}')" \
    >"$work/instance" || fail "no instance"
instance=$(jq -er .id "$work/instance")
request=$(grep -i '^x-request-id:' "$work/headers" | tr -d '\r' | cut -d' ' -f2)
say "made" "$instance by $request"

alert=$(call POST /v1/alerts "$(jq -n --arg id "$instance" \
    '{resource_id: $id, rule: "budget_percent > 85", channels: ["webhook"], action: {type: "stop"}, labels: {example: "loop"}}')" |
    jq -er .id) || fail "no alert"

fired="" stopped=""
for _ in $(seq 120); do
    state=$(call GET "/v1/alerts/$alert" | jq -r .state)
    [ -z "$fired" ] && [ "$state" = firing ] && { fired=$SECONDS; say "fires" "at $(jq -r '.values.budget_percent' "$work/body") %"; }
    power=$(call GET "/v1/instances/$instance" | jq -r .status.power)
    [ -n "$fired" ] && [ "$power" = stopped ] && { stopped=$SECONDS; break; }
    sleep 0.5
done
[ -n "$fired" ] || fail "the alert never fired"
[ -n "$stopped" ] || fail "the instance was never stopped"
[ $((stopped - fired)) -le 10 ] || fail "the stop took $((stopped - fired)) s"
say "stopped" "$((stopped - fired)) s later"
say "metered" "$(call GET "/v1/budgets/$budget" | jq -r .spent) dollars of 1"

for _ in $(seq 60); do
    grep -q '"alert.firing", "verified": true' "$work/letters" && break
    sleep 0.5
done
grep '"alert.firing", "verified": true' "$work/letters" >/dev/null || fail "the webhook did not come, or its signature is wrong: $(cat "$work/letters")"
say "told" "$(grep alert.firing "$work/letters" | head -1)"

# The row of the hour that runs; when the hour is over, /v1/charges has it under the same id.
{ call GET "/v1/charges/open?resource_id=$instance"; call GET "/v1/charges?resource_id=$instance"; } | jq -se '[.[] | (.data // .items)[]][0]' >"$work/row" || fail "no cost row"
say "a cost row" "$(jq -r '.billed_cost + " dollars, " + .charge_description' "$work/row")"

# From the first request to every link. What came last, the delivery, may still be written down.
links='[.links[].kind] | unique' events='[.events[].type]'
for _ in $(seq 40); do
    call GET "/v1/trace/$request" >"$work/trace" || fail "no trace"
    missing=$(jq -r "([\"resource\", \"operation\", \"usage\", \"charge\", \"alert\", \"alert_action\", \"delivery\", \"audit\"] - ($links)) \
        + ([\"instance.created\", \"instance.ready\", \"alert.firing\", \"alert.acted\", \"instance.stop_requested\", \"instance.stopped\"] - ($events)) \
        + (if any(.links[]; .kind == \"delivery\" and .detail.event_type == \"alert.firing\" and .detail.state == \"delivered\") then [] else [\"the delivery of the alert\"] end) \
        | join(\", \")" "$work/trace")
    [ -z "$missing" ] && break
    sleep 0.5
done
[ -z "$missing" ] || fail "the trace lacks $missing: $(cat "$work/trace")"
jq -e --slurpfile row "$work/row" 'any(.links[]; .kind == "charge" and .id == $row[0].id)' "$work/trace" >/dev/null || fail "the trace lacks the cost row"
say "traced" "$(jq -c "$links" "$work/trace")"
for href in $(jq -r '.links[].href' "$work/trace" | sort -u); do call GET "$href" >/dev/null || fail "$href does not answer"; done

call POST "/v1/alerts/$alert/undo" >/dev/null || fail "no undo"
begin=$SECONDS
until [ "$(call GET "/v1/instances/$instance" | jq -r .status.power)" = running ]; do
    [ $((SECONDS - begin)) -le 10 ] || fail "the undo took more than 10 s"
    sleep 0.5
done
say "undone" "it runs again after $((SECONDS - begin)) s"

if [ -n "${CLOUDAPI_BINARY:-}" ] && [ -n "${CLOUDAPI_DATA:-}" ]; then
    "$CLOUDAPI_BINARY" audit verify --data "$CLOUDAPI_DATA" >"$work/verified" || fail "the log does not verify: $(cat "$work/verified")"
    say "proved" "$(head -1 "$work/verified")"
fi
echo "The loop is closed."
