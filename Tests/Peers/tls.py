#!/usr/bin/env python3
"""A dockerd that listens on TCP with TLS and asks for a client's certificate, as one on another machine would.

    tls.py --binary .build/debug/cloudapi --home /tmp/x      starts its own daemon under /tmp/x/tls; needs what scripts/peers/docker.sh needs

The certificates are made here with openssl: an authority, one for the daemon, one for the server, and one of another authority. With the
right one a connection verifies, and an instance is made, seen by the daemon itself, and deleted. With the wrong one, with the wrong authority
and without any the daemon is not used, and the answer says why and nothing of the secret.
"""
import argparse
import contextlib
import ctypes
import socket
import subprocess
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Durability"))

from peer import Peer  # noqa: E402
from server import HOST, ROOT, Checks, Server, free_port, init, workspace  # noqa: E402

IMAGE = "cp-busybox:1"
CLONE_NEWNET = 0x40000000
SERVE = ["sh", "-c", "trap exit TERM; while :; do sleep 0.1; done"]


class Authority:
    """Certificates of one authority, in a folder."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}", "-keyout", folder / f"{name}.key",
                "-out", folder / f"{name}.pem")

    def issue(self, name, usage, alternative="DNS:client"):
        """(certificate, key), the files of a certificate that is good for `serverAuth` or `clientAuth`."""
        key, request, certificate = (self.folder / f"{name}.{end}" for end in ("key", "csr", "pem"))
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"extendedKeyUsage = {usage}\nsubjectAltName = {alternative}\n")
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        openssl("x509", "-req", "-days", "2", "-in", request, "-CA", self.folder / f"{self.name}.pem", "-CAkey",
                self.folder / f"{self.name}.key", "-CAcreateserial", "-extfile", extensions, "-out", certificate)
        return certificate, key

    def secret(self, pair):
        """As a connection's secret takes it."""
        return {"ca": (self.folder / f"{self.name}.pem").read_text(), "certificate": pair[0].read_text(), "key": pair[1].read_text()}


def openssl(*words):
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise RuntimeError(f"openssl {words[0]}: {done.stderr}")


@contextlib.contextmanager
def daemon(home, ours, port):
    """A dockerd on its unix socket, and with TLS on a port of its network namespace, which is reached through the same port here."""
    certificate, key = ours.issue("daemon", "serverAuth", f"IP:{HOST}")
    script = ROOT / "scripts/peers/docker.sh"
    options = ["--host", f"tcp://{HOST}:{port}", "--tlsverify", f"--tlscacert={ours.folder / 'ours.pem'}", f"--tlscert={certificate}", f"--tlskey={key}"]
    try:
        subprocess.run([script, "start", home, *options], check=True, timeout=90)
        relay(port, namespace_of(home))
        yield Peer(f"unix://{home}/docker.sock")
    finally:
        subprocess.run([script, "stop", home], check=False, timeout=90)


def namespace_of(home):
    """The network namespace that scripts/peers/docker.sh made for a folder."""
    number = subprocess.run(["cksum"], input=str(home), capture_output=True, text=True, check=True).stdout.split()[0]
    return f"/run/netns/cloudapi-docker-{number}"


def relay(port, namespace):
    """Carries connections to a port here on to the same port in the namespace."""
    listener = socket.create_server((HOST, port))

    def carry(source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def serve(client):
        # A thread of its own enters the namespace for good; what it opens is there.
        with open(namespace, "rb") as handle:
            if ctypes.CDLL(None, use_errno=True).setns(handle.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
        with client, contextlib.suppress(OSError), socket.create_connection((HOST, port)) as daemon:
            back = threading.Thread(target=carry, args=(daemon, client), daemon=True)
            back.start()
            carry(client, daemon)
            back.join()

    def accept():
        while True:
            client, _ = listener.accept()
            threading.Thread(target=serve, args=(client,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def check(binary, folder, peer, port, ours, theirs, checks):
    made = init(binary, folder / "data")
    client = ours.issue("client", "clientAuth")
    server = Server(binary, folder / "data", folder / "server.log", {"CLOUDAPI_ALLOW_EGRESS": f"{HOST}/32"})
    with server.start(), server.client(made["api_key"], timeout=90) as calls:
        def connect(name, secret, scheme="tcp"):
            return calls.call("POST", "/v1/connections", {
                "name": name, "provider": "docker", "settings": {"endpoint": f"{scheme}://{HOST}:{port}"}} | ({"secret": secret} if secret else {}))

        for name, secret in [("stranger", ours.secret(client) | {"certificate": theirs[1][0].read_text(), "key": theirs[1][1].read_text()}),
                             ("impostor", theirs[0].secret(client)), ("bare", None)]:
            answer = connect(name, secret)
            shown = answer.body.decode() + server.tail(1000)
            checks.that(f"tls: {name}: the daemon is not used, and nothing of the secret is shown", answer.status == 201
                        and answer.json["state"] != "connected" and answer.json["state_detail"] and "PRIVATE KEY" not in shown
                        and "BEGIN CERTIFICATE" not in shown, answer)
            calls.call("DELETE", f"/v1/connections/{answer.json.get('id')}")
        answer = connect("daemon", ours.secret(client))
        checks.that("tls: with a certificate of the daemon's authority it connects", answer.status == 201
                    and answer.json["state"] == "connected" and answer.json["has_secret"] and "secret" not in answer.json, answer)
        again = calls.call("POST", f"/v1/connections/{answer.json['id']}/verify")
        checks.that("tls: and verifies", again.status == 200 and again.json["state"] == "connected"
                    and "instances" in again.json["capabilities"]["features"], again)
        instance = calls.call("POST", "/v1/instances?wait=60s", {
            "name": "far", "project_id": made["project_id"], "spec": {"size": "n-1", "image": IMAGE, "command": SERVE}})
        checks.that("tls: create → running, one container", instance.status == 201 and instance.json["status"]["power"] == "running"
                    and peer.objects(instance.json["id"]) == 1, instance)
        gone = calls.call("DELETE", "/v1/instances/far?purge=true&wait=60s")
        checks.that("tls: delete, and it is gone", gone.status == 202 and gone.json["operation"]["state"] == "succeeded"
                    and peer.ours() == (0, 0, 0), (gone, peer.ours()))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--home", required=True, help="a folder for the daemon")
    options = parser.parse_args()
    checks = Checks()
    with workspace() as folder:
        ours, others = Authority(folder, "ours"), Authority(folder, "others")
        theirs = others, others.issue("other", "clientAuth")
        port = free_port()
        with daemon(Path(options.home) / "tls", ours, port) as peer:
            check(options.binary, folder, peer, port, ours, theirs, checks)
    return checks.ended()


if __name__ == "__main__":
    sys.exit(main())
