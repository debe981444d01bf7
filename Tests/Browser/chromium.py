"""A headless Chromium driven over its DevTools protocol: as little of it as a walk through some pages needs.

The protocol is spoken directly, not through a WebDriver, because only it tells of every console message, every refused resource
and every content-security-policy violation, and switches width and colour scheme on a living page.
"""
import base64
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import websocket

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Durability"))
from server import die_with_parent

PATIENCE = 15
TALLEST = 10_000


class Page:
    """One tab. `faults` holds what a developer would see in red in its console, in order."""

    def __init__(self, address):
        self.socket = websocket.create_connection(address, timeout=PATIENCE, suppress_origin=True)
        self.last, self.loads, self.faults = 0, 0, []
        for domain in ("Page", "Runtime", "Log", "Network", "Audits", "DOM"):
            self.send(f"{domain}.enable")

    # the protocol

    def send(self, method, **parameters):
        self.post(method, **parameters)
        number = self.last
        while True:
            message = json.loads(self.socket.recv())
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']['message']}")
                return message["result"]
            self.note(message)

    def post(self, method, **parameters):
        """Sends without waiting for the answer; what is sent next is done after it."""
        self.last += 1
        self.socket.send(json.dumps({"id": self.last, "method": method, "params": parameters}))

    def note(self, message):
        method, about = message.get("method"), message.get("params", {})
        if method == "Page.loadEventFired":
            self.loads += 1
        elif method == "Page.javascriptDialogOpening":
            self.socket.send(json.dumps({"id": 0, "method": "Page.handleJavaScriptDialog", "params": {"accept": True}}))
        elif method == "Runtime.exceptionThrown":
            self.faults.append("exception: " + about["exceptionDetails"].get("exception", {}).get("description", about["exceptionDetails"]["text"]))
        elif method == "Runtime.consoleAPICalled" and about["type"] in ("error", "warning", "assert"):
            self.faults.append("console: " + " ".join(str(part.get("value", part.get("description"))) for part in about["args"]))
        elif method == "Log.entryAdded" and about["entry"]["level"] in ("error", "warning"):
            self.faults.append(f"{about['entry']['source']}: {about['entry']['text']} {about['entry'].get('url', '')}")
        elif method == "Audits.issueAdded" and about["issue"]["code"] == "ContentSecurityPolicyIssue":
            self.faults.append(f"content security policy: {about['issue']['details']['contentSecurityPolicyIssueDetails']}")

    def evaluate(self, expression):
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True, userGesture=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails'].get('exception', {}).get('description')}")
        return answer["result"].get("value")

    # what a person does

    @contextlib.contextmanager
    def navigation(self):
        """What is done inside leads to another page, or the same anew; waits until that has loaded."""
        before = self.loads
        yield
        deadline = time.monotonic() + PATIENCE
        while self.loads == before:
            if time.monotonic() > deadline:
                raise RuntimeError(f"no page was loaded; still at {self.address}")
            self.evaluate("0")
            time.sleep(0.02)

    def go(self, address):
        with self.navigation():
            problem = self.send("Page.navigate", url=address).get("errorText")
            if problem:
                raise RuntimeError(f"{address}: {problem}")

    def reload(self):
        with self.navigation():
            self.send("Page.reload")

    def fill(self, selector, text):
        self.click(selector)
        self.evaluate(f"document.querySelector({json.dumps(selector)}).value = ''")
        self.send("Input.insertText", text=text)

    def choose(self, selector, file):
        """A file for a field that takes one."""
        root = self.send("DOM.getDocument")["root"]["nodeId"]
        node = self.send("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.send("DOM.setFileInputFiles", nodeId=node, files=[str(Path(file).resolve())])

    def click(self, selector):
        """With the pointer, in the middle of it: what is hidden or covered cannot be clicked."""
        self.wait_for(selector)
        x, y = self.evaluate(f"""(() => {{
            const found = document.querySelector({json.dumps(selector)});
            found.scrollIntoView({{block: "center"}});
            const box = found.getBoundingClientRect();
            const x = box.x + box.width / 2, y = box.y + box.height / 2, hit = document.elementFromPoint(x, y);
            return found.contains(hit) || hit?.contains(found) ? [x, y] : [-1, -1];
        }})()""")
        if x < 0:
            raise RuntimeError(f"{selector} cannot be clicked: hidden or covered, at {self.address}")
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def follow(self, words):
        """Clicks the link of these words."""
        if not self.evaluate(f"""(() => {{
            const link = [...document.querySelectorAll("a")].find(a => a.textContent.trim() === {json.dumps(words)} && a.checkVisibility());
            link?.setAttribute("data-followed", "");
            return !!link;
        }})()"""):
            raise RuntimeError(f"there is no link '{words}' at {self.address}")
        with self.navigation():
            self.click("[data-followed]")

    # what a person sees

    @property
    def address(self):
        return self.evaluate("location.href")

    def has(self, selector):
        return self.evaluate(f"!!document.querySelector({json.dumps(selector)})")

    def text(self, selector):
        return self.evaluate(f"(found => found && (found.value ?? found.textContent).trim())(document.querySelector({json.dumps(selector)}))")

    def wait_for(self, selector):
        """Until there is one, on this page or on the one that is just being loaded."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with contextlib.suppress(RuntimeError):
                if self.has(selector):
                    return
            time.sleep(0.05)
        raise RuntimeError(f"there is no {selector} at {self.address}")

    def wait_until(self, expression):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with contextlib.suppress(RuntimeError):
                if self.evaluate(expression):
                    return
            time.sleep(0.05)
        raise RuntimeError(f"it did not come to this at {self.address}: {expression}")

    def sees(self, selector):
        return self.evaluate(f"!!document.querySelector({json.dumps(selector)})?.checkVisibility()")

    def press(self, key, times=1):
        for _ in range(times):
            for kind in ("rawKeyDown", "keyUp"):
                self.post("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode={"Tab": 9, "Enter": 13}[key])
        self.evaluate("0")

    def look(self, width, height, scheme):
        """Changes the window of a living page; nothing is loaded again."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)
        self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def shot(self, path):
        """The whole page; of one that is very tall, what the window shows of it."""
        size = self.send("Page.getLayoutMetrics")["cssContentSize"]
        options = {}
        if size["height"] <= TALLEST:
            options = {"captureBeyondViewport": True, "clip": {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}}
        Path(path).write_bytes(base64.b64decode(self.send("Page.captureScreenshot", format="png", optimizeForSpeed=True, **options)["data"]))

    def cookies(self):
        return self.send("Network.getCookies")["cookies"]


@contextlib.contextmanager
def chromium():
    """A browser with an empty profile and one page, gone afterwards."""
    binary = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)
    if not binary:
        raise SystemExit("Chromium is missing: apt-get install chromium")
    profile = Path(tempfile.mkdtemp(prefix="chromium-"))
    options = ["--headless=new", "--remote-debugging-port=0", f"--user-data-dir={profile}", "--no-first-run", "--disable-gpu", "--disable-dev-shm-usage",
               "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"]
    options += ["--no-sandbox"] if os.geteuid() == 0 else []
    with (profile / "log").open("wb") as log:
        process = subprocess.Popen([binary, *options, "about:blank"], stdout=log, stderr=log, preexec_fn=die_with_parent)
    try:
        yield Page(page_address(profile, process))
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
        shutil.rmtree(profile, ignore_errors=True)


def page_address(profile, process):
    told, deadline = profile / "DevToolsActivePort", time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError, IndexError, StopIteration):
            port = told.read_text().splitlines()[0]
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=10) as answer:
                return next(target["webSocketDebuggerUrl"] for target in json.load(answer) if target["type"] == "page")
        time.sleep(0.1)
    raise RuntimeError("Chromium did not start:\n" + (profile / "log").read_text(errors="replace")[-2000:])
