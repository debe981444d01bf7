"""A proxy before a daemon's unix socket that cuts connections on demand: one server's view of a network that fails at the worst moment.

Where a cut may be, of the request that it is armed for:
  before   the request has not reached the daemon
  after    the daemon has had the request and has answered it, and nothing of the answer comes back
  middle   half of the answer comes back
"""
import contextlib
import re
import socket
import threading
from pathlib import Path

POINTS = ("before", "after", "middle")

# What the server asks to keep in step, whenever it likes; no call of an operation on an instance.
LISTS = re.compile(r"GET /[^/ ]+/(events|containers/json|volumes|networks)[? ]")


class Cutter:
    def __init__(self, target, path):
        self.target, self.path = str(target), str(path)
        self.lock = threading.Lock()
        self.armed, self.cut, self.seen = None, [], []
        Path(path).unlink(missing_ok=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def watch(self):
        """Notes every request from now on, and cuts none."""
        with self.lock:
            self.armed, self.cut, self.seen = None, [], []

    def arm(self, number, point):
        """Cuts the connection at the request of that number, counted from now, 0 for the next; once."""
        with self.lock:
            self.armed, self.cut, self.seen = (number, point), [], []

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        """One request after the other, each on a connection of its own to the daemon."""
        with client, contextlib.suppress(OSError, ValueError):
            while request := read_message(client):
                point = self.point_of(request)
                if point == "before":
                    return
                with socket.socket(socket.AF_UNIX) as daemon:
                    daemon.connect(self.target)
                    daemon.sendall(with_close(request))
                    answer = b"".join(iter(lambda: daemon.recv(65536), b""))
                if point == "after":
                    return
                client.sendall(answer[:len(answer) // 2] if point == "middle" else answer)
                # The daemon was asked to close, and says so; so the connection is over.
                return

    def point_of(self, request):
        """Where to cut this one, None for nowhere."""
        line = request.split(b"\r\n", 1)[0].decode()
        if LISTS.match(line):
            return None
        with self.lock:
            number = len(self.seen)
            self.seen.append(line)
            if self.armed and self.armed[0] == number:
                self.cut.append(line)
                return self.armed[1]
        return None

    def close(self):
        self.listener.close()
        Path(self.path).unlink(missing_ok=True)


def read_message(client):
    """A request, head and body; nothing when the other side has closed."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = client.recv(65536)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    if re.search(rb"(?im)^transfer-encoding:\s*chunked", head):
        while not body.endswith(b"0\r\n\r\n"):
            body += receive(client)
    else:
        length = re.search(rb"(?im)^content-length:\s*(\d+)", head)
        while len(body) < (int(length[1]) if length else 0):
            body += receive(client)
    return head + b"\r\n\r\n" + body


def receive(client):
    more = client.recv(65536)
    if not more:
        raise ValueError("the request ended early")
    return more


def with_close(request):
    """The same request, after which the daemon closes."""
    head, _, body = request.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
    return b"\r\n".join(lines + [b"Connection: close"]) + b"\r\n\r\n" + body
