#!/usr/bin/env python3
"""Signs requests made at random with botocore and prints them as JSON, for Tests/AWSTests/SignerTests.swift to sign as well.

    .build/venv/bin/python Tests/Peers/sigv4.py [--count 600] [--seed 1] > sigv4.json      and CLOUDAPI_TEST_SIGV4=sigv4.json

Paths, queries, headers and bodies have what is hard to encode: blanks, plus signs, percent signs, slashes in a row, dots, letters of all
lengths in UTF-8, names that are prefixes of each other, and values that differ by their blanks.
"""
import argparse
import base64
import datetime
import json
import random
import sys
import urllib.parse

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

LETTERS = list("abcXYZ019-._~ +%/&=?#;:@!$'()*,[]{}|^`\"<>\\äßñ中文😀ሴ\u00a0")
NAMES = ["My-Header1", "my-header2", "X-Amz-Meta-A", "x-amz-meta-a-b", "Content-Type", "If-Match", "X-Amz-Acl", "Accept"]


def text(at, longest):
    return "".join(at.choice(LETTERS) for _ in range(at.randrange(longest + 1)))


def path(at):
    parts = [at.choice([text(at, 8), "..", ".", "", text(at, 3)]) for _ in range(at.randrange(5))]
    return "/" + "/".join(urllib.parse.quote(part, safe="-._~") for part in parts)


def made(at, number):
    service = at.choice(["ec2", "sts", "s3", "s3"])
    time = datetime.datetime(2000, 1, 1) + datetime.timedelta(seconds=at.randrange(1_500_000_000))
    # botocore signs the first header of a name only, so names stand once.
    names = at.sample(NAMES, at.randrange(4))
    headers = [[name, at.choice(["a", " a  b ", "a,b", "\"a   b\"", "x" * at.randrange(1, 40)])] for name in names]
    query = [[text(at, 5) or "q", text(at, 6)] for _ in range(at.randrange(5))]
    body = bytes(at.randrange(256) for _ in range(at.choice([0, 0, 1, 63, 64, 65, 1000])))
    return {
        "service": service, "region": at.choice(["us-east-1", "eu-central-1", "cn-north-1"]),
        "key": f"AKID{number:012}", "secret": text(at, 40) or "secret",
        "token": base64.b64encode(at.randbytes(48)).decode() if at.random() < 0.5 else None,
        "method": at.choice(["GET", "PUT", "POST", "DELETE", "HEAD", "PATCH"]),
        "host": at.choice(["s3.example.com", "127.0.0.1:5555", "ec2.eu-central-1.amazonaws.com", "[fd00::1]:8443"]),
        "path": path(at), "query": query, "headers": headers, "body": base64.b64encode(body).decode(),
        "unsigned": service == "s3" and at.random() < 0.3, "time": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def sign(case):
    query = "&".join(f"{urllib.parse.quote(name, safe='-._~')}={urllib.parse.quote(value, safe='-._~')}" for name, value in case["query"])
    request = AWSRequest(
        case["method"], f"https://{case['host']}{case['path']}" + ("?" + query if query else ""),
        headers=dict(map(tuple, case["headers"])), data=base64.b64decode(case["body"]))
    request.context["client_config"] = Config(s3={"payload_signing_enabled": not case["unsigned"]})
    kind = botocore.auth.S3SigV4Auth if case["service"] == "s3" else botocore.auth.SigV4Auth
    seen = {}

    class Signer(kind):
        def canonical_request(self, request):
            seen["canonical"] = super().canonical_request(request)
            return seen["canonical"]

    now = datetime.datetime.strptime(case["time"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)
    botocore.auth.get_current_datetime = lambda *_, **__: now
    Signer(Credentials(case["key"], case["secret"], case["token"]), case["service"], case["region"]).add_auth(request)
    return case | {"canonical_request": seen["canonical"], "authorization": request.headers["Authorization"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    at = random.Random(options.seed)
    json.dump([sign(made(at, number)) for number in range(options.count)], sys.stdout)


if __name__ == "__main__":
    main()
