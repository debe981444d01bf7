"""One person's command line: what it writes, what it shows on a terminal, and with what it ends."""
import json
import os
import pty
import select
import subprocess
import time


class Line:
    """A home folder, and nothing of ours in the environment."""

    def __init__(self, binary, folder):
        self.binary = str(binary)
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("CLOUDAPI_")}
        self.environment |= {"XDG_CONFIG_HOME": str(folder / "config"), "HOME": str(folder)}
        self.config = folder / "config" / "cloudapi" / "config.json"

    def run(self, *words, entered="", within=60, **environment):
        return subprocess.run([self.binary, *map(str, words)], input=entered, capture_output=True, text=True, timeout=within,
                              env=self.environment | environment)

    def json(self, *words, **options):
        return json.loads(self.run(*words, "--json", **options).stdout)

    def start(self, *words):
        return subprocess.Popen([self.binary, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment)

    def on_terminal(self, *words, columns=100, typed=(), **environment):
        """What is seen on a terminal of that width; of `typed`, pairs, each second is entered when the first has been asked."""
        typed = [(asked, answer + "\n") for asked, answer in typed]
        return on_terminal([self.binary, *map(str, words)], self.environment | {"COLUMNS": str(columns), "TERM": "xterm"} | environment, typed)


def on_terminal(command, environment, typed=(), within=60, cwd=None):
    """The exit status, and what was written to a terminal; of `typed`, pairs, each second is typed when the first has come after the one before."""
    typed = list(typed)
    leader, follower = pty.openpty()
    process = subprocess.Popen(command, stdin=follower, stdout=follower, stderr=follower, close_fds=True, env=environment, cwd=cwd, start_new_session=True)
    os.close(follower)
    seen, begun, deadline = b"", 0, time.monotonic() + within
    while time.monotonic() < deadline:
        if select.select([leader], [], [], 0.2)[0]:
            try:
                seen += os.read(leader, 65536)
            except OSError:  # the other end is closed
                break
            if typed and typed[0][0].encode() in seen[begun:]:
                begun = len(seen)
                os.write(leader, typed.pop(0)[1].encode())
        elif process.poll() is not None:
            break
    os.close(leader)
    if process.poll() is None and time.monotonic() >= deadline:
        process.kill()
    return process.wait(10), seen.decode(errors="replace").replace("\r\n", "\n")


def said(done):
    return done.returncode, done.stdout, done.stderr
