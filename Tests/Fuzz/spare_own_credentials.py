"""A schemathesis hook: keeps a run from sawing off the branch it sits on. See `contract.py` for why, and that it is the only one."""
import os

import schemathesis

SPARED = set(os.environ.get("SPARED_IDS", "").split())


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.method.upper() == "GET":
        return
    for name, value in (case.path_parameters or {}).items():
        if value in SPARED:
            case.path_parameters[name] = value[:-1] + ("0" if value[-1] != "0" else "1")
