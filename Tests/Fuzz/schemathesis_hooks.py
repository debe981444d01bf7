"""What schemathesis has to be told to judge this API; the head of `contract.py` says what, and why."""
import json
import os
import random
import re
import uuid

import schemathesis
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import UseAfterFree, negative_data_rejection, positive_data_acceptance, use_after_free

SPARED = set(os.environ["SPARED_IDS"].split())
POOL = json.loads(os.environ["ID_POOL"])
IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7E]([\x20-\x7E]{0,253}[\x21-\x7E])?")
WAITS = {f"{seconds}s" for seconds in range(2, 61)}
PROBLEM = "application/problem+json"
chance = random.Random(1)

# What a request that fits the description may still be refused for: the problem's code, and that of each of its `errors`.
BEYOND_A_SCHEMA = {
    ("precondition_failed", None),
    ("invalid_cursor", None),
    ("invalid_parameter", "combination"),
    ("validation_failed", "not_found"),
    ("validation_failed", "past"),
    ("validation_failed", "above_account"),
    ("validation_failed", "combination"),
    ("validation_failed", "refused_url"),
    ("validation_failed", "shrinks"),
    ("validation_failed", "no_price"),
    ("validation_failed", "repeated"),
    ("invalid_reference", "not_found"),
    ("invalid_reference", None),
    ("provider_required", None),
    ("unsupported_by_provider", None),
    ("immutable_field", None),
    ("purged", None),
    ("deletion_protected", None),
    ("queue_full", None),
    ("budget_exceeded", None),
}

# What no schema of ours says of single places: a provider's settings and secret are its driver's, a member's name has a form, an amount a
# size, and only who belongs to several projects has to name one.
PLACES_BEYOND_A_SCHEMA = re.compile(r"/(settings|secret)(/.*)?|/labels|/spec/env|/project_id|/amount")

KEPT = {f"DELETE /v1/{word}/{{id}}" for word in ("projects", "users", "keys", "api-keys", "tokens", "instances", "volumes", "networks", "prices")}


@schemathesis.check
def described_data_acceptance(context, response, case):
    """`positive_data_acceptance`, but for the refusals above."""
    return None if is_beyond_a_schema(response) else positive_data_acceptance(context, response, case)


@schemathesis.check
def bad_data_rejection(context, response, case):
    """`negative_data_rejection`, which does not take the 410 of what was purged for a refusal."""
    return None if response.status_code == 410 else negative_data_rejection(context, response, case)


@schemathesis.check
def use_after_free_but_for_the_kept(context, response, case):
    """`use_after_free`, but for what is kept for its history when it is deleted."""
    try:
        return use_after_free(context, response, case)
    except UseAfterFree as failure:
        if failure.operation not in KEPT:
            raise


def is_beyond_a_schema(response):
    if response.headers.get("content-type") != [PROBLEM]:
        return False
    problem = response.json()
    errors = problem.get("errors") or [{"code": None, "pointer": ""}]
    return all((problem["code"], error["code"]) in BEYOND_A_SCHEMA or PLACES_BEYOND_A_SCHEMA.fullmatch(error["pointer"]) for error in errors)


@schemathesis.hook
def before_call(context, case, kwargs):
    headers = case.headers or {}
    if IDEMPOTENCY_KEY.fullmatch(headers.get("Idempotency-Key", "")):
        headers["Idempotency-Key"] = str(uuid.uuid4())
    if headers.get("If-Match") == "0" and case.meta and case.meta.generation.mode.is_positive:
        headers["If-Match"] = '"v1"'
    if str((case.query or {}).get("wait")) in WAITS:
        case.query["wait"] = "1s"
    for name, value in (case.path_parameters or {}).items():
        if is_made_up(case, value):
            case.path_parameters[name] = chance.choice(known(case.operation.path, name) or [value])
        elif value in SPARED and case.method.upper() != "GET":
            case.path_parameters[name] = value[:-1] + ("0" if value[-1] != "0" else "1")


def is_made_up(case, value):
    """Every second id that the description allows and nobody was given; chains of calls have ids of their own."""
    part = case.meta.components.get(ParameterLocation.PATH) if case.meta else None
    return bool(part) and part.mode.is_positive and case.meta.phase.name.value != "stateful" and value not in SPARED and chance.random() < 0.5


def known(path, name):
    """Ids for `{name}`, told by the word before it."""
    return POOL.get(path.partition("/{" + name + "}")[0].rpartition("/")[2])
