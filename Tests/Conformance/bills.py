"""Costs computed apart from the server: the rules of the contract over CSV rows, in Python's Decimal. Independent on purpose: it shares no code
with the program, and no engine."""
import csv
import datetime as dt
import json
import re
from collections import defaultdict
from decimal import ROUND_HALF_EVEN, Context, Decimal
from zoneinfo import ZoneInfo

CONTEXT = Context(prec=400, rounding=ROUND_HALF_EVEN)
PLACES = Decimal(1).scaleb(-18)
COSTS = ["BilledCost", "EffectiveCost", "ListCost", "ContractedCost", "PricingQuantity"]
DIMENSIONS = {
    "account": ["SubAccountId", "BillingAccountId"], "region": ["RegionId", "RegionName"], "service": ["ServiceName"],
    "usage_type": ["x_UsageType", "SkuMeter", "SkuId"], "operation": ["x_Operation", "ChargeDescription"],
    "resource": ["ResourceId", "ResourceName"],
}
MEASURES = {
    "Unblended": {False: "BilledCost", True: "EffectiveCost"}, "NetUnblended": {False: "BilledCost", True: "EffectiveCost"},
    "Amortized": {False: "EffectiveCost", True: "EffectiveCost"}, "NetAmortized": {False: "EffectiveCost", True: "EffectiveCost"},
    "Public": {False: "ListCost", True: "ListCost"}, "Contracted": {False: "ContractedCost", True: "ContractedCost"},
}


def moment(text):
    text = text.replace(" ", "T")
    if text.endswith("Z"):
        text = text[:-1]
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.timezone.utc)


def rows_of(path):
    """Quoted NULLs do not occur in our files, so both spellings of null are plain."""
    with open(path, newline="", encoding="utf-8-sig") as file:
        found = []
        for row in csv.DictReader(file):
            row = {name: None if value in ("", "NULL", "null") else value for name, value in row.items()}
            for name in COSTS:
                row[name] = None if row.get(name) is None else Decimal(row[name])
            row["at"], row["until"] = moment(row["ChargePeriodStart"]), moment(row["ChargePeriodEnd"])
            row["tags"] = json.loads(row["Tags"]) if row.get("Tags") else {}
            found.append(row)
        return found


def dimension(row, name):
    if name.startswith("tag:"):
        value = row["tags"].get(name[4:])
        return None if value is None else value if isinstance(value, str) else json.dumps(value)
    return next((row[column] for column in DIMENSIONS.get(name, [name]) if row.get(column) is not None), None)


def excluded(row, words, amortized):
    kind, billed = row["ChargeCategory"], row["BilledCost"]
    tests = {
        "taxes": kind == "Tax", "credits": kind == "Credit", "adjustments": kind == "Adjustment", "purchases": kind == "Purchase",
        "refunds": kind in ("Usage", "Purchase", "Tax") and billed < 0,
        "fees": kind == "Purchase" and (not amortized or row.get("CommitmentDiscountId") is None),
        "discounts": False, "corrections": row.get("ChargeClass") == "Correction", "support": row.get("ServiceSubcategory") == "Support",
        "upfront": kind == "Purchase" and row.get("ChargeFrequency") == "One-Time",
        "recurring": kind == "Purchase" and row.get("ChargeFrequency") == "Recurring",
        "unused": row.get("CommitmentDiscountStatus") == "Unused",
        "marketplace": None not in (row["PublisherName"], row["ProviderName"]) and row["PublisherName"] != row["ProviderName"],
    }
    return any(tests[word] for word in words)


def guarded(row, cost_type, amortized):
    if cost_type not in ("Public", "Contracted") or row["EffectiveCost"] is None:
        return False
    if amortized:
        return row["ChargeCategory"] == "Purchase" and row["BilledCost"] > 0 and row["EffectiveCost"] == 0
    return row["ChargeCategory"] == "Usage" and row["BilledCost"] == 0 and row["EffectiveCost"] != 0


def fits(row, groups):
    def line(one):
        value = dimension(row, one["dimension"])
        if "in" in one:
            holds = value in one["in"]
        elif "like" in one:
            pattern = "".join({"%": ".*", "_": "."}.get(letter, re.escape(letter)) for letter in one["like"])
            holds = value is not None and re.fullmatch(pattern, value, re.S) is not None
        else:
            holds = value is not None and re.search(one["regex"], value) is not None
        return holds != one.get("is_not", False)
    return not groups or any(all(line(one) for one in group) for group in groups)


def next_day(day, granularity):
    if granularity in ("day", "hour"):
        return day + dt.timedelta(days=1)
    if granularity == "week":
        return day + dt.timedelta(days=7 - day.weekday())
    months = {"month": 1, "quarter": 3, "year": 12}[granularity]
    month = (day.month - 1) // months * months + months
    return dt.date(day.year + month // 12, month % 12 + 1, 1)


def buckets(first, last, granularity, zone, shift=0):
    """Half-open moments in UTC. Days begin at local midnight (none of the zones tested leaves one out)."""
    def start(day):
        return dt.datetime.combine(day, dt.time(), ZoneInfo(zone)).astimezone(dt.timezone.utc)
    if granularity == "hour":
        at, end, found = start(first - dt.timedelta(days=shift)), start(last + dt.timedelta(days=1 - shift)), []
        while at < end:
            after = min((at + dt.timedelta(hours=1)).replace(minute=0, second=0), end)
            found.append((at, after))
            at = after
        return found
    found, day, moved = [], first, dt.timedelta(days=shift)
    while day <= last:
        after = min(next_day(day, granularity), last + dt.timedelta(days=1))
        found.append((start(day - moved), start(after - moved)))
        day = after
    return found


def place(row, spans):
    return next((index for index, (start, end) in enumerate(spans) if start <= row["at"] < end), None)


def blended(rows, spans, currency):
    """What each row of usage costs at the one rate of its SKU; the rest of the rounding goes to the largest quantity."""
    pools = defaultdict(list)
    for row in rows:
        bucket = place(row, spans)
        if bucket is not None and row["BillingCurrency"] == currency and row["ChargeCategory"] == "Usage" and row.get("SkuId") is not None:
            pools[(row["BillingAccountId"], row["SkuId"], row.get("RegionId"), bucket)].append(row)
    costs = {}
    for pool in pools.values():
        quantities = [row["PricingQuantity"] or Decimal(0) for row in pool]
        billed, quantity = total(row["BilledCost"] for row in pool), total(quantities)
        if quantity == 0:
            continue
        rate = CONTEXT.quantize(CONTEXT.divide(billed, quantity), PLACES)
        own = [CONTEXT.multiply(rate, each) for each in quantities]
        largest = quantities.index(max(quantities))
        own[largest] = CONTEXT.add(own[largest], CONTEXT.subtract(billed, total(own)))
        costs.update({id(row): cost for row, cost in zip(pool, own)})
    return costs


def total(values):
    result = Decimal(0)
    for value in values:
        result = CONTEXT.add(result, value)
    return result


def parts(row, cost, spans):
    """A cost laid over the buckets that its period runs through: [(bucket, cost)]. What rounding leaves over goes to the longest part, those before and
    after the buckets included; the first of several."""
    start, end = row["at"], row["until"]
    if start == end:
        bucket = place(row, spans)
        return [] if bucket is None else [(bucket, cost)]
    edges = [(None, dt.datetime.min.replace(tzinfo=dt.timezone.utc), spans[0][0]), *((index, *span) for index, span in enumerate(spans)),
             (None, spans[-1][1], dt.datetime.max.replace(tzinfo=dt.timezone.utc))]
    own = [(index, min(till, end) - max(since, start)) for index, since, till in edges if max(since, start) < min(till, end)]
    second = dt.timedelta(seconds=1)
    if len(own) == 1:
        return [(index, cost) for index, _ in own if index is not None]
    length = Decimal((end - start) // second)
    shares = [CONTEXT.quantize(CONTEXT.divide(CONTEXT.multiply(cost, Decimal(time // second)), length), PLACES) for _, time in own]
    longest = max(range(len(own)), key=lambda index: (own[index][1], -index))
    shares[longest] = CONTEXT.add(shares[longest], CONTEXT.subtract(cost, total(shares)))
    return [(index, share) for (index, _), share in zip(own, shares) if index is not None]


def costs(rows, ask, spans):
    """By group, a cost for each bucket; and the counts of rows left out."""
    found, counts = {}, {"rows": 0, "null_rows": 0, "other_currency_rows": 0}
    rates = blended(rows, spans, ask["currency"]) if ask["cost_type"] == "Blended" else {}
    for row in rows:
        bucket = place(row, spans)
        counts_here = bucket is not None or (ask.get("spread") and row["at"] < spans[-1][1] and spans[0][0] < row["until"])
        if not counts_here or not fits(row, ask["filters"]):
            continue
        if row["BillingCurrency"] != ask["currency"]:
            counts["other_currency_rows"] += 1
            continue
        if excluded(row, ask["exclude"], ask["amortization"]) or guarded(row, ask["cost_type"], ask["amortization"]):
            continue
        cost = rates.get(id(row), row["BilledCost"]) if ask["cost_type"] == "Blended" else row[MEASURES[ask["cost_type"]][ask["amortization"]]]
        if cost is None:
            counts["null_rows"] += 1
            continue
        counts["rows"] += 1
        group = found.setdefault(tuple(dimension(row, name) for name in ask["group_by"]), [Decimal(0)] * len(spans))
        for index, part in parts(row, cost, spans) if ask.get("spread") else [(bucket, cost)]:
            group[index] = CONTEXT.add(group[index], part)
    return found, counts


def opportunities(rows):
    """What the last bill of every provider and billing account shows that could be saved: {(type, record): US dollars}. All bills are over."""
    bills = defaultdict(list)
    for row in rows:
        bills[(row["ProviderName"] or "", row["BillingAccountId"])].append(row)
    found = {}
    for (provider, account), own in sorted(bills.items()):
        last = max(moment(row["BillingPeriodStart"]) for row in own)
        bill = [row for row in own if moment(row["BillingPeriodStart"]) == last and row["BillingCurrency"] == "USD" and row["EffectiveCost"] is not None]
        for (kind, record), amount in sorted(savings_of(bill, provider, account).items()):
            record = record if (kind, record) not in found else f"{provider}/{account}/{record}"
            found[(kind, record)] = amount
    return found


def savings_of(bill, provider, account):
    found = {}
    unused, untagged, resources = defaultdict(list), defaultdict(list), defaultdict(list)
    for row in bill:
        is_usage, is_unused = row["ChargeCategory"] == "Usage", row.get("CommitmentDiscountStatus") == "Unused"
        if is_usage and is_unused and row.get("CommitmentDiscountId") is not None:
            unused[row["CommitmentDiscountId"]].append(row)
        if row.get("ResourceId") is None:
            continue
        resources[row["ResourceId"]].append(row)
        if is_usage and not is_unused and all(value is None for value in row["tags"].values()):
            untagged[(row.get("SubAccountId"), row["ServiceName"])].append(row)
    for record, own in unused.items():
        found["COMMITMENT_UNUSED", record] = (own, 1)
    for (sub, service), own in untagged.items():
        found["UNTAGGED_SPEND", "/".join([provider, account if sub is None else sub, service or ""])] = (own, 10)
    for record, own in resources.items():
        usage = [row for row in own if row["ChargeCategory"] == "Usage"]
        recurs = any(row["ChargeCategory"] == "Purchase" and row.get("ChargeFrequency") == "Recurring" for row in own)
        is_idle = all(row.get("ConsumedQuantity") is not None and Decimal(row["ConsumedQuantity"]) == 0 for row in usage)
        commits = any(row.get("CommitmentDiscountStatus") == "Unused" or row.get("CommitmentDiscountId") == record for row in own)
        if is_idle and (usage or recurs) and not commits:
            found["RESOURCE_WITHOUT_USAGE", record] = (own, 1)
    amounts = {key: (total(row["EffectiveCost"] for row in own), floor) for key, (own, floor) in found.items()}
    return {key: amount for key, (amount, floor) in amounts.items() if amount >= floor}
