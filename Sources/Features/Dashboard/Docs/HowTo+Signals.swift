extension HowTo {
    static let webhooks = HowTo(
        name: "webhooks", title: "Be told by webhook",
        lead: "Register an address, see its deliveries, exchange its secret and send again what it missed.",
        steps: [
            Step(
                "Which events there are, each with the JSON Schema of its data.",
                """
                curl -s "URL/v1/event-types" AUTH
                """),
            Step(
                "Register the address. The answer has the `secret`, once; deliveries are signed with it as Standard Webhooks says.",
                """
                curl -s "URL/v1/webhooks" AUTH JSON \\
                  -d '{"url":"https://hooks.example.com/cloudapi","events":["instance.*","alert.firing"]}' > webhook.json
                WEBHOOK_ID=$(jq -r .id webhook.json)
                """),
            Step(
                "Send a test, and see what came back.",
                """
                curl -s -X POST "URL/v1/webhooks/$WEBHOOK_ID/test" AUTH
                curl -s "URL/v1/webhooks/$WEBHOOK_ID/deliveries" AUTH
                """),
            Step(
                "Exchange the secret. For ten minutes both sign.",
                """
                curl -s "URL/v1/webhooks/$WEBHOOK_ID/secret" AUTH JSON \\
                  -d '{"overlap_seconds":600}'
                """),
            Step(
                "Send again everything since the first failure.",
                """
                curl -s "URL/v1/webhooks/$WEBHOOK_ID/replay" AUTH JSON \\
                  -d '{"since":"last_failure"}'
                """),
        ],
        closing:
            "Answer with 2xx within seconds and do the work afterwards: what is not answered is sent again, for days. The same event may come twice, always under the same `webhook-id`."
    )

    static let alertsThatAct = HowTo(
        name: "alerts-that-act", title: "Alerts that act",
        lead: "Stop what is not needed when a budget is nearly spent, rehearse it first, and undo it with one call.",
        steps: [
            Step(
                "A project with a budget.",
                """
                PROJECT_ID=$(curl -s "URL/v1/projects" AUTH JSON \\
                  -d '{"name":"Batch","env":"dev"}' | jq -r .id)
                curl -s "URL/v1/budgets" AUTH JSON \\
                  -d '{"name":"Batch","amount":"100","scope":{"project_id":"'$PROJECT_ID'"}}'
                """),
            Step(
                "At 85 % of it, instances labelled `team=batch` are stopped. Slack and your webhooks are told.",
                """
                ALERT_ID=$(curl -s "URL/v1/alerts" AUTH JSON \\
                  -d '{"project_id":"'$PROJECT_ID'","rule":"budget_percent > 85","recover":"budget_percent < 80",
                       "channels":["slack","webhook"],"action":{"type":"stop","selector":"team=batch","cooldown":"10m"}}' | jq -r .id)
                """),
            Step(
                "What would it do now? Nothing is done and nobody told.",
                """
                curl -s -X POST "URL/v1/alerts/$ALERT_ID/dry-run" AUTH
                """),
            Step(
                "What it did, and start again what it stopped. One that has stopped nothing says so.",
                """
                curl -s "URL/v1/alerts/$ALERT_ID/history" AUTH
                curl -s -X POST "URL/v1/alerts/$ALERT_ID/undo" AUTH   # answers 409
                """),
            Step(
                "Quiet for an hour.",
                """
                curl -s "URL/v1/alerts/$ALERT_ID/silence" AUTH JSON \\
                  -d '{"until":"'$(jq -rn 'now + 3600 | todate')'","reason":"The sale."}'
                """),
        ], closing: "Rules may combine metrics: `quota_percent > 85 and requests > 1k`. All of them stand at `POST /v1/alerts`.")
}
