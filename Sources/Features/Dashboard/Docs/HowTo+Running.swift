extension HowTo {
    static let provision = HowTo(
        name: "provision-with-a-budget", title: "Provision an instance within a budget",
        lead: "Connect a provider, set a budget that is enforced, and make an instance that is refused when it would not fit.",
        steps: [
            Step(
                "Connect a provider. The simulator costs nothing; `docker` works the same.",
                """
                curl -s "URL/v1/connections" AUTH JSON \\
                  -d '{"name":"simulated","provider":"simulator"}'
                """),
            Step(
                "A project, and a budget of ten dollars a month for it.",
                """
                PROJECT_ID=$(curl -s "URL/v1/projects" AUTH JSON \\
                  -d '{"name":"Shop","env":"prod"}' | jq -r .id)
                BUDGET_ID=$(curl -s "URL/v1/budgets" AUTH JSON \\
                  -d '{"name":"Shop","amount":"10","enforced":true,"scope":{"project_id":"'$PROJECT_ID'"}}' | jq -r .id)
                """),
            Step(
                "What sizes cost.",
                """
                curl -s "URL/v1/sizes" AUTH
                """),
            Step(
                "Make an instance, and wait until it is ready. The answer has its `estimate` and its `operation`.",
                """
                curl -s "URL/v1/instances?wait=60s" AUTH JSON \\
                  -d '{"name":"web","project_id":"'$PROJECT_ID'","labels":{"team":"shop"},"spec":{"size":"s-1","image":"debian-12"}}'
                """),
            Step(
                "What is spent, and what is taken for the rest of the month.",
                """
                curl -s "URL/v1/budgets/$BUDGET_ID" AUTH
                """),
            Step(
                "One that does not fit is refused before the provider hears of it, and nothing is kept of it.",
                """
                curl -s -X PATCH "URL/v1/budgets/$BUDGET_ID" AUTH JSON -d '{"amount":"0.0001"}'
                curl -s "URL/v1/instances" AUTH JSON \\
                  -d '{"name":"large","project_id":"'$PROJECT_ID'","spec":{"size":"s-16","image":"debian-12"}}'   # answers 402
                """),
            Step(
                "Take it away again.",
                """
                curl -s -X DELETE "URL/v1/instances/web?purge=true&wait=60s" AUTH
                """),
        ], closing: "Every create is also taken off the project's quotas: `GET /v1/quotas` shows them.")

    static let verifyTheLog = HowTo(
        name: "verify-the-audit-log", title: "Prove the audit log",
        lead: "Have the server sign where its log stands, keep that elsewhere, and prove later that nothing before it was changed.",
        steps: [
            Step(
                "Who did what, the newest first.",
                """
                curl -s "URL/v1/audit?limit=10" AUTH
                """),
            Step(
                "The key it signs with. Fetch it once and keep it apart.",
                """
                PUBLIC_KEY=$(curl -s "URL/v1/audit/keys" AUTH | jq -r '.data[0].public_key')
                """),
            Step(
                "A checkpoint: the signed hash of the newest row, and so of all before it. Keep it where this server cannot write.",
                """
                curl -s -X POST "URL/v1/audit/checkpoints" AUTH -o checkpoint.json
                """),
            Step(
                "On the machine of the server, recompute every hash. It exits with 1 and names the first bad row if there is one.",
                """
                cloudapi audit verify --data ./data --checkpoint checkpoint.json --public-key "$PUBLIC_KEY"
                """),
        ],
        closing:
            "`GET /v1/audit/export?format=csv` streams the log; a request's `X-Request-Id` leads to all that came of it by `GET /v1/trace/{id}`."
    )

    static let complianceReport = HowTo(
        name: "compliance-report", title: "Make a compliance report",
        lead: "Evidence for SOC 2 made from the log alone, which an auditor can check without this server.",
        steps: [
            Step(
                "Make one over a month. Each section says which criteria it is for, and what it lacks.",
                """
                REPORT_ID=$(curl -s "URL/v1/compliance/reports" AUTH JSON \\
                  -d '{"framework":"soc2","from":"2026-01-01T00:00:00Z","to":"2026-02-01T00:00:00Z"}' | jq -r .id)
                """),
            Step(
                "Fetch it: as JSON to check, as a page to read.",
                """
                curl -s "URL/v1/compliance/reports/$REPORT_ID/content?format=json" AUTH -o report.json
                curl -s "URL/v1/compliance/reports/$REPORT_ID/content?format=html" AUTH -o report.html
                """),
            Step(
                "Sign it off, which the log notes.",
                """
                curl -s "URL/v1/compliance/reports/$REPORT_ID/attest" AUTH JSON \\
                  -d '{"decision":"approved","note":"Reviewed by the security team."}'
                """),
            Step(
                "Anybody checks its rows and its signature, without the database.",
                """
                cloudapi audit verify --report report.json
                """),
        ], closing: "`format=csv` is there as well. The same period of the same log gives the same bytes, but for the moment it was made.")

    static let teams = HowTo(
        name: "teams", title: "Let teams see their own costs",
        lead: "A team has members and lists of accounts, services or tags; its members see the costs that fit them.",
        steps: [
            Step(
                "A team that sees one service. The id is your own.",
                """
                curl -s "URL/teams" AUTH JSON \\
                  -d '{"id":"payments","name":"Payments","aws_services":["Amazon EC2"]}'
                """),
            Step(
                "Invite somebody, and put them into it.",
                """
                USER_ID=$(curl -s "URL/v1/users" AUTH JSON \\
                  -d '{"email":"ada@example.com","name":"Ada","role":"member"}' | jq -r .id)
                curl -s "URL/teams/payments/members/assign" AUTH JSON \\
                  -d '{"user_ids":["'$USER_ID'"]}'
                """),
            Step(
                "Who is in it.",
                """
                curl -s "URL/teams/payments/members" AUTH
                """),
            Step(
                "Let it see more. A list that is sent takes the place of the old one.",
                """
                curl -s -X PATCH "URL/teams/payments" AUTH JSON \\
                  -d '{"aws_services":["Amazon EC2","Amazon S3"]}'
                """),
        ],
        closing:
            "Within a list any value does, between lists all must agree. A team without lists sees everything; admins and keys of the workspace always do."
    )
}
