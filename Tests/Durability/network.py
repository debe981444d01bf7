"""A small network of this process's own, in which links can be cut: for suites about failing networks. Needs root and iproute2.

The suite itself runs in a network namespace (`within_a_network`), the hub; each node has another, with up to two links to it:

    front   where clients, receivers of webhooks and servers reach each other; the hub is on it too
    data    where servers and databases reach each other

A link that is cut loses what is sent over it, without a word to either end. Namespaces go with the processes that hold them, so there is
nothing to clean up, whatever becomes of the suite.
"""
import os
import subprocess
import sys
import time

from server import die_with_parent

FRONT, DATA = "10.201.1", "10.201.2"
HUB = f"{FRONT}.1"


def within_a_network():
    """Starts this very script again in a network namespace of its own, unless it runs in one already. Ends it with a sentence where that cannot be."""
    if os.environ.get("CLOUDAPI_NETWORK"):
        return
    if subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode:
        sys.exit("Network namespaces cannot be made here; this suite needs root.")
    os.execvpe("unshare", ["unshare", "--net", sys.executable, *sys.argv], dict(os.environ) | {"CLOUDAPI_NETWORK": "1"})


class Network:
    def __init__(self):
        ip("link set lo up")
        for name in ("front", "data"):
            ip(f"link add {name} type bridge")
            ip(f"link set {name} up")
        ip(f"address add {HUB}/24 dev front")

    def server(self, number):
        """A node on both; clients reach it by `address`."""
        node = Node(f"s{number}", {"front": f"{FRONT}.{10 + number}", "data": f"{DATA}.{10 + number}"})
        node.address = f"{FRONT}.{10 + number}"
        return node

    def database(self, number):
        """A node on the data side alone."""
        node = Node(f"d{number}", {"data": f"{DATA}.{100 + number}"})
        node.address = f"{DATA}.{100 + number}"
        return node


class Node:
    def __init__(self, name, links):
        self.name, self.holder = name, subprocess.Popen(["unshare", "--net", "sleep", "infinity"], preexec_fn=die_with_parent)
        self.enter = ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net"]
        own, deadline = os.readlink("/proc/self/ns/net"), time.monotonic() + 5
        while os.readlink(f"/proc/{self.holder.pid}/ns/net") == own and time.monotonic() < deadline:
            time.sleep(0.01)
        ip("link set lo up", self.enter)
        for link, address in links.items():
            ip(f"link add {name}-{link} type veth peer name {link} netns {self.holder.pid}")
            ip(f"link set {name}-{link} master {link} up")
            ip(f"address add {address}/24 dev {link}", self.enter)
            ip(f"link set {link} up", self.enter)

    def cut(self, link="data"):
        ip(f"link set {self.name}-{link} down")

    def heal(self, link="data"):
        ip(f"link set {self.name}-{link} up")


def ip(words, enter=()):
    subprocess.run([*enter, "ip", *words.split()], check=True, timeout=10)
