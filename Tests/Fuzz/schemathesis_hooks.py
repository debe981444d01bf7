"""What schemathesis has to be told to judge this API; the head of `contract.py` says what, and why."""
import json
import os
import random
import re
import uuid

import schemathesis
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import UseAfterFree, positive_data_acceptance, use_after_free

SPARED = set(os.environ["SPARED_IDS"].split())
POOL = json.loads(os.environ["ID_POOL"])
IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7E]([\x20-\x7E]{0,253}[\x21-\x7E])?")
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
}

KEPT = {f"DELETE /v1/{word}/{{id}}" for word in ("projects", "users", "keys", "api-keys", "tokens")}


@schemathesis.check
def described_data_acceptance(context, response, case):
    """`positive_data_acceptance`, but for the refusals above."""
    return None if is_beyond_a_schema(response) else positive_data_acceptance(context, response, case)


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
    codes = {entry["code"] for entry in problem.get("errors", [])} or {None}
    return all((problem["code"], code) in BEYOND_A_SCHEMA for code in codes)


@schemathesis.hook
def before_call(context, case, kwargs):
    headers = case.headers or {}
    if IDEMPOTENCY_KEY.fullmatch(headers.get("Idempotency-Key", "")):
        headers["Idempotency-Key"] = str(uuid.uuid4())
    if headers.get("If-Match") == "0" and case.meta and case.meta.generation.mode.is_positive:
        headers["If-Match"] = '"v1"'
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
