"""What scripts/peers/moto.sh needs of Python: the interpreter that has moto, and a user and a role in a fresh one.

    moto_keys.py interpreter          makes .build/venv ready and prints its python
    moto_keys.py unsigned             how many calls moto must let pass without a signature
    moto_keys.py keys http://…        makes the user and the role with just those calls and prints a file for the shell
"""
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Tests" / "Durability"))

from server import python_with  # noqa: E402

PACKAGES = ("moto[server]==5.2.1", "boto3")
EVERYTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
NOTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:GetCallerIdentity", "Resource": "*"}]})
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole", "Condition": {"StringEquals": {"sts:ExternalId": "cloudapi-tests"}}}]})


def calls(iam):
    """Each is one call; the last three give what is printed."""
    return [
        lambda: iam.create_user(UserName="cloudapi"),
        lambda: iam.put_user_policy(UserName="cloudapi", PolicyName="all", PolicyDocument=EVERYTHING),
        lambda: iam.create_user(UserName="powerless"),
        lambda: iam.put_user_policy(UserName="powerless", PolicyName="none", PolicyDocument=NOTHING),
        lambda: iam.create_role(RoleName="cloudapi", AssumeRolePolicyDocument=TRUST),
        lambda: iam.put_role_policy(RoleName="cloudapi", PolicyName="all", PolicyDocument=EVERYTHING),
        lambda: iam.create_access_key(UserName="powerless")["AccessKey"],
        lambda: iam.create_access_key(UserName="cloudapi")["AccessKey"],
    ]


def keys(endpoint):
    import boto3
    iam = boto3.client("iam", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="nobody", aws_secret_access_key="nobody")
    *_, powerless, key = [call() for call in calls(iam)]
    print(f"export CLOUDAPI_TEST_MOTO={endpoint}")
    for name, value in {"KEY": key["AccessKeyId"], "SECRET": key["SecretAccessKey"], "POWERLESS_KEY": powerless["AccessKeyId"],
                        "POWERLESS_SECRET": powerless["SecretAccessKey"], "ROLE": "arn:aws:iam::123456789012:role/cloudapi"}.items():
        print(f"export CLOUDAPI_TEST_MOTO_{name}='{value}'")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["interpreter"]:
            print(python_with(*PACKAGES))
        case ["unsigned"]:
            print(len(calls(None)))
        case ["keys", endpoint]:
            keys(endpoint)
        case _:
            sys.exit(__doc__)
