"""A year of made-up costs for walks and figures: days, services, regions, with a few credits, marked by deploys."""
import datetime
import random

HEAD = ("ProviderName,PublisherName,InvoiceIssuerName,BillingAccountId,BillingAccountName,SubAccountId,BillingPeriodStart,BillingPeriodEnd,"
        "ChargePeriodStart,ChargePeriodEnd,ChargeCategory,ChargeClass,ChargeDescription,ChargeFrequency,BilledCost,EffectiveCost,ListCost,"
        "ContractedCost,PricingQuantity,PricingUnit,BillingCurrency,ServiceName,ServiceCategory,RegionId,SkuId,Tags")
SERVICES = {"Amazon Elastic Compute Cloud": 420, "Amazon Relational Database Service": 230, "Amazon Simple Storage Service": 90, "AWS Lambda": 40,
            "Amazon CloudFront": 35, "Amazon Elastic Kubernetes Service": 60, "AWS Key Management Service": 4, "Amazon Route 53": 2}
REGIONS = ("eu-west-1", "us-east-1", "ap-southeast-2")


def bills(last, days=400, rows_a_day=24):
    """One CSV for each calendar month up to the day `last`."""
    chance, months = random.Random(7), {}
    names = list(SERVICES)
    for back in range(days, -1, -1):
        day = last - datetime.timedelta(days=back)
        trend = 1 + (days - back) / days * 0.6 + (0.25 if day.weekday() < 5 else 0)
        for number in range(rows_a_day):
            service, region = names[number % len(names)], REGIONS[number // len(names) % len(REGIONS)]
            cost = f"{SERVICES[service] / 3 * trend * chance.uniform(0.85, 1.15):.11f}"
            category = "Usage"
            if day.day == 15 and number == 0:
                cost, category = "-310.50", "Credit"
            months.setdefault(day.replace(day=1), []).append(row(day, service, region, cost, category))
    for first, rows in months.items():
        yield first, ("\r\n".join([HEAD, *rows]) + "\r\n").encode()


def row(day, service, region, cost, category):
    first, after = day.replace(day=1), (day.replace(day=28) + datetime.timedelta(days=7)).replace(day=1)
    return (f"AWS,AWS,AWS,1,One,11,{first}T00:00:00Z,{after}T00:00:00Z,{day}T00:00:00Z,{day + datetime.timedelta(days=1)}T00:00:00Z,{category},NULL,"
            f"Hours,Usage-Based,{cost},{cost},{cost},{cost},1,Hours,USD,{service},Compute,{region},S1,{{}}")


def bring(client, last, **shape):
    """Imports them all; answers how many rows came in."""
    rows = 0
    for first, bill in bills(last, **shape):
        taken = client.call("POST", f"/v1/costs/imports?name={first}&wait=60s", bill, {"Content-Type": "text/csv"})
        assert taken.status == 202 and taken.json["status"] == "succeeded", taken
        rows += taken.json["rows"]
    return rows
