"""A cluster of ClickHouse servers with a ZooKeeper, made for a suite and gone after it. Debian's packages clickhouse-server and zookeeper."""
import http.client
import shutil
import socket
import subprocess
import time
import urllib.parse
from pathlib import Path

from server import HOST, Process, die_with_parent, free_port

USER, PASSWORD = "cloudapi", "se/cret"
USERS = f"""<yandex>
  <profiles><default><max_memory_usage>2000000000</max_memory_usage></default></profiles>
  <users>
    <default><password></password><networks><ip>{HOST}</ip></networks><profile>default</profile><quota>default</quota></default>
    <{USER}><password>{PASSWORD}</password><networks><ip>{HOST}</ip></networks><profile>default</profile><quota>default</quota></{USER}>
  </users>
  <quotas><default/></quotas>
</yandex>
"""


class ZooKeeper:
    def __init__(self, folder):
        self.home, self.port, self.running = Path(folder), free_port(), None

    def start(self, within=60):
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / "zoo.cfg").write_text(f"tickTime=2000\ndataDir={self.home}/data\nclientPort={self.port}\nclientPortAddress={HOST}\n"
                                           "admin.enableServer=false\n4lw.commands.whitelist=ruok\n")
        with (self.home / "zookeeper.log").open("ab") as log:
            self.running = subprocess.Popen(["java", "-Xmx256m", "-cp", "/etc/zookeeper/conf:/usr/share/java/*", "org.apache.zookeeper.server.quorum.QuorumPeerMain",
                                             str(self.home / "zoo.cfg")], stdout=log, stderr=log, stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)
        deadline = time.monotonic() + within
        while time.monotonic() < deadline and self.running.poll() is None:
            try:
                with socket.create_connection((HOST, self.port), 2) as connection:
                    connection.sendall(b"ruok")
                    if connection.recv(4) == b"imok":
                        return self
            except OSError:
                pass
            time.sleep(0.1)
        raise RuntimeError("ZooKeeper did not start:\n" + (self.home / "zookeeper.log").read_text()[-2000:])

    def stop(self):
        if self.running and self.running.poll() is None:
            self.running.kill()
            self.running.wait(30)


class Replica(Process):
    """One server, replica `letter` of shard `shard`; its ports stay the same over every restart."""

    def __init__(self, folder, shard, letter):
        self.home, self.shard, self.letter = Path(folder), shard, letter
        self.tcp, self.between = free_port(), free_port()
        super().__init__(["clickhouse-server", f"--config-file={self.home}/config.xml"], self.home / "server.log")

    def configure(self, zookeeper, replicas):
        (self.home / "tmp").mkdir(parents=True, exist_ok=True)
        (self.home / "users.xml").write_text(USERS)
        shards = "".join("<shard><internal_replication>true</internal_replication>" + "".join(
            f"<replica><host>{HOST}</host><port>{each.tcp}</port><user>{USER}</user><password>{PASSWORD}</password></replica>"
            for each in replicas if each.shard == shard) + "</shard>" for shard in sorted({each.shard for each in replicas}))
        (self.home / "config.xml").write_text(f"""<yandex>
  <logger><level>warning</level><console>1</console></logger>
  <listen_host>{HOST}</listen_host><http_port>{self.port}</http_port><tcp_port>{self.tcp}</tcp_port>
  <interserver_http_port>{self.between}</interserver_http_port><interserver_http_host>{HOST}</interserver_http_host>
  <path>{self.home}/data/</path><tmp_path>{self.home}/tmp/</tmp_path><users_config>{self.home}/users.xml</users_config>
  <default_profile>default</default_profile><default_database>default</default_database>
  <zookeeper><node><host>{HOST}</host><port>{zookeeper.port}</port></node><session_timeout_ms>10000</session_timeout_ms></zookeeper>
  <macros><shard>{self.shard}</shard><replica>{self.letter}</replica></macros>
  <distributed_ddl><path>/clickhouse/task_queue/ddl</path></distributed_ddl>
  <remote_servers><points>{shards}</points></remote_servers>
  <mark_cache_size>268435456</mark_cache_size><timezone>UTC</timezone>
</yandex>
""")

    def start(self):
        return super().start(ready="/ping")

    def sql(self, statement, database="default", within=60):
        connection = http.client.HTTPConnection(HOST, self.port, timeout=within)
        try:
            connection.request("POST", f"/?database={database}", body=statement.encode(), headers={"X-ClickHouse-User": USER, "X-ClickHouse-Key": PASSWORD})
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status != 200:
            raise RuntimeError(f"{statement}: {text}")
        return text.strip()

    def url(self, database):
        return f"http://{USER}:{urllib.parse.quote(PASSWORD, safe='')}@{HOST}:{self.port}/{database}"


class ClickHouseCluster:
    """Two shards of two replicas: `replicas` are 1a, 1b, 2a and 2b."""

    def __init__(self, folder):
        self.home = Path(folder)
        self.zookeeper = ZooKeeper(self.home / "zookeeper")
        self.replicas = [Replica(self.home / f"{shard}{letter}", shard, letter) for shard in (1, 2) for letter in "ab"]

    @property
    def pairs(self):
        return [self.replicas[:2], self.replicas[2:]]

    def __enter__(self):
        self.zookeeper.start()
        for replica in self.replicas:
            replica.configure(self.zookeeper, self.replicas)
            replica.start()
        return self

    def __exit__(self, *_):
        for replica in self.replicas:
            if replica.running and replica.running.poll() is None:
                replica.kill()
        self.zookeeper.stop()
        shutil.rmtree(self.home, ignore_errors=True)
