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

# The problems that say that a request has the wrong form, and the codes of the places they name that a schema could have said.
# Every other problem is about what there is, and every other code about what a value means.
OF_FORM = {"invalid_json", "invalid_parameter", "invalid_header", "malformed_request", "unknown_field", "invalid_request", "unsupported_media_type", "validation_failed"}
SAID_BY_SCHEMA = {None, "count", "format", "length", "not_allowed", "range", "required", "type", "unknown_field", "unknown_scope"}

# What no schema of ours says of single places: a provider's settings and secret are its driver's, a member's name has a form, an amount a
# size, only who belongs to several projects has to name one, and points come in more forms than a schema can tell.
PLACES_BEYOND_A_SCHEMA = re.compile(r"/(settings|secret)(/.*)?|/labels|/spec/env|/project_id|(/rule)?/(amount|monthly_cost_above)|/data/\d+/(timestamp|metric_value|custom_dimensions)(/.*)?", re.DOTALL)

KEPT = {f"DELETE /v1/{word}/{{id}}" for word in ("projects", "users", "keys", "api-keys", "tokens", "instances", "volumes", "networks", "buckets", "ips", "firewalls", "snapshots", "prices", "stacks")}
# What was leased can be leased again.
KEPT |= {f"DELETE /v1/{word}/{{id}}/lease" for word in ("instances", "volumes", "networks", "buckets", "ips", "firewalls", "snapshots")}


@schemathesis.check
def described_data_acceptance(context, response, case):
    """`positive_data_acceptance`, but for the refusals above."""
    return None if is_beyond_a_schema(case, response) else positive_data_acceptance(context, response, case)


@schemathesis.check
def bad_data_rejection(context, response, case):
    """`negative_data_rejection`, which does not take the 410 of what was purged for a refusal, and any bytes of a file for wrong data."""
    return None if response.status_code == 410 or case.media_type == "text/csv" else negative_data_rejection(context, response, case)


@schemathesis.check
def use_after_free_but_for_the_kept(context, response, case):
    """`use_after_free`, but for what is kept for its history when it is deleted."""
    try:
        return use_after_free(context, response, case)
    except UseAfterFree as failure:
        if failure.operation not in KEPT:
            raise


def is_beyond_a_schema(case, response):
    if case.operation.path.startswith("/oauth/") and response.status_code >= 400 and response.headers.get("content-type") == ["application/json"]:
        said = response.json()
        return said.get("error") != "invalid_request" or said["error_description"].endswith(("stands twice.", "The form could not be read."))
    if response.headers.get("content-type") != [PROBLEM]:
        return False
    problem = response.json()
    if problem["code"] not in OF_FORM:
        return True
    if problem["code"] == "invalid_json":
        return is_no_json_of_ours(case.body)
    if case.operation.path == "/v1/placements/resolve" and all(each["pointer"].startswith("/spec") for each in problem.get("errors") or [{"pointer": ""}]):
        return True
    errors = problem.get("errors") or [{"code": None, "pointer": ""}]
    return all(error["code"] not in SAID_BY_SCHEMA or PLACES_BEYOND_A_SCHEMA.fullmatch(error["pointer"]) for error in errors)


def is_no_json_of_ours(value):
    """Has a NUL or an integer past 64 bits, which are refused wherever they stand, also where any value is taken."""
    if isinstance(value, dict):
        return any(is_no_json_of_ours(part) for member in value.items() for part in member)
    if isinstance(value, list):
        return any(map(is_no_json_of_ours, value))
    if isinstance(value, str):
        return "\0" in value
    return isinstance(value, (int, float)) and not -2**63 <= value < 2**63


@schemathesis.hook
def before_call(context, case, kwargs):
    headers = case.headers or {}
    if IDEMPOTENCY_KEY.fullmatch(headers.get("Idempotency-Key", "")):
        headers["Idempotency-Key"] = str(uuid.uuid4())
    if headers.get("If-Match") == "0" and case.meta and case.meta.generation.mode.is_positive:
        headers["If-Match"] = '"v1"'
    if headers.get("Lease-Nonce") == "0" and case.meta and case.meta.generation.mode.is_positive:
        headers["Lease-Nonce"] = "lse_" + "0" * 49
    if str((case.query or {}).get("wait")) in WAITS:
        case.query["wait"] = "1s"
    if case.operation.path == "/v1/policies" and isinstance(case.body, dict) and "name" in case.body:
        case.body["project_id"] = POOL["projects"][-1]
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
