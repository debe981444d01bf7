extension HowTo {
    static let ingestPoints = HowTo(
        name: "ingest-points", title: "Send numbers of your own",
        lead: "A data stream takes hourly points: orders, requests, gigabytes. They divide costs later, or stand for themselves.",
        steps: [
            Step(
                "Make a stream. Its token names it in what is sent.",
                """
                curl -s "URL/v1/streams" AUTH JSON -d '{"name":"shop"}' > stream.json
                STREAM_ID=$(jq -r .id stream.json) STREAM_TOKEN=$(jq -r .data_stream_token stream.json)
                """),
            Step(
                "Send points. Sent again, a point takes the place of the one before, so that a batch can be repeated.",
                """
                curl -s "URL/streams/ingest" -H "x-api-key: $CLOUD_API_KEY" JSON \\
                  -d '{"data_stream_token":"'$STREAM_TOKEN'","metric_agg_func":"Sum","data":[
                        {"timestamp":"2026-03-01 10:00:00","metric_name":"orders","metric_value":12,"custom_dimensions":{"region":"eu"}},
                        {"timestamp":"2026-03-01 11:00:00","metric_name":"orders","metric_value":8,"custom_dimensions":{"region":"us"}}]}'
                """),
            Step(
                "Read them by day and region.",
                """
                curl -s "URL/v1/streams/$STREAM_ID/data?metric=orders&granularity=day&group_by=region&from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z" AUTH
                """),
        ], closing: "A request carries at most 10,000 points, of one function; all are stored or none.")

    private static let bill = """
        cat > march.csv <<'CSV'
        BilledCost,EffectiveCost,ListCost,ContractedCost,BillingCurrency,BillingAccountId,BillingAccountName,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,ChargeCategory,ChargeClass,ChargeDescription,InvoiceIssuerName,PricingQuantity,PricingUnit,ProviderName,PublisherName,ServiceCategory,ServiceName
        12.50,12.50,14.00,12.50,USD,111122223333,Main,2026-03-01T00:00:00Z,2026-04-01T00:00:00Z,2026-03-01T00:00:00Z,2026-03-02T00:00:00Z,Usage,,m5.large,AWS,24,Hours,AWS,AWS,Compute,Amazon EC2
        3.10,3.10,3.10,3.10,USD,111122223333,Main,2026-03-01T00:00:00Z,2026-04-01T00:00:00Z,2026-03-01T00:00:00Z,2026-03-02T00:00:00Z,Usage,,Storage,AWS,100,GB,AWS,AWS,Storage,Amazon S3
        CSV
        """

    static let importABill = HowTo(
        name: "import-a-bill", title: "Import a bill",
        lead: "Bills of other providers come in as FOCUS 1.0 to 1.2, in CSV or gzip, and stand beside the charges of this server.",
        steps: [
            Step("A small one to try it with.", bill),
            Step(
                "Send it and wait for what came of it. All of a file is taken or nothing; `errors` says where it is wrong.",
                """
                curl -s -T march.csv -X POST "URL/v1/costs/imports?name=march&wait=60s" AUTH -H 'Content-Type: text/csv' > import.json
                jq -e 'select(.status == "succeeded")' import.json
                """),
            Step(
                "What was imported, and all rows again as FOCUS 1.2.",
                """
                curl -s "URL/v1/costs/imports" AUTH
                curl -s "URL/v1/costs/export?from=2026-03-01&to=2026-03-31" AUTH -o costs.csv
                """),
        ],
        closing:
            "The next bill of the same provider, account and period takes the place of this one. `cloudapi costs import` does the same in one command."
    )

    static let costView = HowTo(
        name: "cost-view", title: "See costs the way you count them",
        lead: "A cost view is a filter and a way of counting; every number it shows is exact to the last digit.",
        steps: [
            Step(
                "Something to look at.",
                bill + "\n" + """
                    curl -s -T march.csv -X POST "URL/v1/costs/imports?name=march&wait=60s" AUTH -H 'Content-Type: text/csv'
                    """),
            Step(
                "A view of two services, day by day, without taxes.",
                """
                VIEW_ID=$(curl -s "URL/v1/cost-views" AUTH JSON \\
                  -d '{"name":"Storage and compute","filters":[[{"dimension":"service","in":["Amazon EC2","Amazon S3"]}]],
                       "exclude":["taxes"],"granularity":"day","group_by":["service"]}' | jq -r .id)
                """),
            Step(
                "Read it, beside the month before.",
                """
                curl -s "URL/v1/cost-views/$VIEW_ID/data?start_date=2026-03-01&end_date=2026-03-31&compare=previous_month" AUTH
                """),
            Step(
                "One step down: only one service, by account.",
                """
                curl -s "URL/v1/cost-views/$VIEW_ID/data?start_date=2026-03-01&end_date=2026-03-31&service=Amazon%20EC2&group_by=account" AUTH
                """),
        ],
        closing:
            "`cost_type` counts discounts (Amortized, Public, Contracted and more), and `POST /v1/cost-columns` makes a kind of your own: `0.8 * Public + 0.2 * Unblended`."
    )

    static let unitMetric = HowTo(
        name: "unit-metric", title: "What one order costs",
        lead: "A unit metric divides costs by what you sell, bucket by bucket.",
        steps: [
            Step(
                "Costs, as in “Import a bill”.",
                bill + "\n" + """
                    curl -s -T march.csv -X POST "URL/v1/costs/imports?name=march&wait=60s" AUTH -H 'Content-Type: text/csv'
                    """),
            Step(
                "Orders, as in “Send numbers of your own”.",
                """
                curl -s "URL/v1/streams" AUTH JSON -d '{"name":"shop"}' > stream.json
                STREAM_ID=$(jq -r .id stream.json) STREAM_TOKEN=$(jq -r .data_stream_token stream.json)
                curl -s "URL/streams/ingest" AUTH JSON \\
                  -d '{"data_stream_token":"'$STREAM_TOKEN'","metric_agg_func":"Sum",
                       "data":[{"timestamp":"2026-03-01 10:00:00","metric_name":"orders","metric_value":12}]}'
                """),
            Step(
                "One by the other.",
                """
                METRIC_ID=$(curl -s "URL/v1/unit-metrics" AUTH JSON \\
                  -d '{"name":"Cost of an order","numerator":{"source":"cost"},
                       "denominator":{"source":"stream","stream_id":"'$STREAM_ID'","metric_name":"orders"}}' | jq -r .id)
                curl -s "URL/unit/metric/$METRIC_ID?start_date=2026-03-01&end_date=2026-03-07" AUTH
                """),
        ], closing: "Where nothing was sold there is no value. A stream can be divided by requests, or by another stream, as well.")
}
