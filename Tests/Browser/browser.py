#!/usr/bin/env python3
"""Walks the dashboard as a newcomer does: sign in, make a first key, paste the curl and see the first request arrive; make a key in the settings,
copy it once, use it, rotate it, revoke it; and as somebody who operates things does: stop an instance, send a failed letter again, verify the log,
read every page; and as somebody who was invited.

    browser.py --binary .build/debug/cloudapi [--shots .build/screenshots]

A headless Chromium against a server begun for it. Along the way every page is photographed and looked through (inspection.py). At the end the
console must hold no error, no warning and no violation of the content security policy.
"""
import sys

from applications import Applications
from documents import Documents
from letters import Letters
from newcomer import Invited, Newcomer
from sandbox import Sandbox
from walk import Walk, run


class Dashboard(Walk):
    def begin(self):
        Newcomer(self).begin()
        Applications(self).begin()
        Sandbox(self).begin()
        Letters(self).begin()
        Documents(self).begin()
        Invited(self).begin()


if __name__ == "__main__":
    sys.exit(run(Dashboard, __doc__, {"CLOUDAPI_ALLOW_EGRESS": "127.0.0.0/8"}))
