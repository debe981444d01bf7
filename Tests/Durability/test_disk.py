#!/usr/bin/env python3
"""Shows that the lossy disk forgets what it should and nothing else, with SQLite itself as the subject.

A test of durability is worth what its disk is worth: before it judges the server, the disk is judged by a database whose
behaviour is known. SQLite with synchronous=FULL must keep every commit it reported over a kill -9, with OFF it must lose some.

    test_disk.py        prints one line a case; exits 1 if any failed
"""
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from disk import Disk, environment

# What every program begins with; it says when it has come to the point at which it may be killed.
PREFACE = """
import os, sys, time
def ready(): os.write(1, b'ready\\n')
"""

WRITER = """
import sqlite3
db = sqlite3.connect(sys.argv[1] + '/it.db', isolation_level=None)
db.execute('PRAGMA journal_mode = ' + sys.argv[3])
db.execute('PRAGMA wal_autocheckpoint = 40')
db.execute('PRAGMA synchronous = ' + sys.argv[2])
db.execute('CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, filler TEXT)')
ready()
while True:
    id = db.execute("INSERT INTO rows (filler) VALUES (hex(randomblob(600))) RETURNING id").fetchone()[0]
    if id % 50 == 0:
        db.execute('UPDATE rows SET filler = hex(randomblob(500)) WHERE id % 7 = 0')
    os.write(1, b'%d\\n' % id)
"""


class Rounds:
    def __init__(self, folder):
        self.data = Path(folder) / "data"
        self.data.mkdir()
        self.disk = Disk(self.data, Path(folder) / "disk")
        self.disk.settle()

    def killed(self, program, *arguments, after=0):
        """Runs a program on the disk, kills it so long after it was ready, lets the disk forget, and answers what it had printed."""
        with subprocess.Popen([sys.executable, "-c", PREFACE + program, str(self.data), *arguments], stdout=subprocess.PIPE,
                              env=environment(self.disk.environment())) as process:
            printed = b""
            while line := process.stdout.readline():
                if line == b"ready\n":
                    break
                printed += line
            time.sleep(after)
            process.send_signal(signal.SIGKILL)
            printed += process.stdout.read()
        self.disk.crash()
        return printed.split(b"\n")[:-1]

    def rows(self):
        with sqlite3.connect(self.data / "it.db") as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            held = {id for (id,) in db.execute("SELECT id FROM rows")}
        db.close()
        self.disk.settle()
        return held


def lost(rounds, synchronous, journal, times):
    """How many reported commits were gone, over several kills of one database, and how many there were."""
    missing, reported = 0, set()
    for number in range(times):
        reported |= {int(line) for line in rounds.killed(WRITER, synchronous, journal, after=0.3 + 0.1 * number)}
        held = rounds.rows()
        missing += len(reported - held)
        reported &= held
    return missing, len(reported) + missing


def full_keeps(rounds):
    missing, reported = lost(rounds, "FULL", "WAL", 8)
    return missing == 0 and reported > 100, f"{missing} of {reported} lost"


def rollback_keeps(rounds):
    missing, reported = lost(rounds, "FULL", "DELETE", 4)
    return missing == 0 and reported > 10, f"{missing} of {reported} lost"


def off_loses(rounds):
    rounds.killed("import sqlite3; sqlite3.connect(sys.argv[1] + '/it.db').execute('CREATE TABLE rows (id INTEGER PRIMARY KEY, filler TEXT)'); ready()")
    missing, reported = lost(rounds, "OFF", "WAL", 2)
    return missing > 0, f"{missing} of {reported} lost"


def renamed_unsynced_is_empty(rounds):
    rounds.killed("""
for name, synced in ('bare', False), ('synced', True):
    path = sys.argv[1] + '/' + name
    with open(path + '.new', 'w') as file:
        file.write('x' * 100)
        file.flush()
        if synced: os.fsync(file.fileno())
    os.rename(path + '.new', path)
ready()
time.sleep(60)
""")
    sizes = {file.name: file.stat().st_size for file in rounds.data.iterdir()}
    return sizes == {"bare": 0, "synced": 100}, str(sizes)


def shortened_then_written(rounds):
    """A file cut short and grown again holds, once synced, zeros or new bytes, never the old ones."""
    (rounds.data / "it").write_bytes(b"o" * 10_000)
    rounds.disk.settle()
    rounds.killed("""
fd = os.open(sys.argv[1] + '/it', os.O_WRONLY)
os.ftruncate(fd, 100)
os.pwrite(fd, b'n' * 10, 5000)
os.fdatasync(fd)
os.pwrite(fd, b'lost', 0)
ready()
time.sleep(60)
""")
    held = (rounds.data / "it").read_bytes()
    return held == b"o" * 100 + b"\0" * 4900 + b"n" * 10, f"{len(held)} bytes"


def synced_is_exact(rounds):
    """After any writes, cuts and renames by several threads, a file synced last thing is kept to the byte."""
    rounds.killed("""
import random, threading
def work(number):
    dice, path = random.Random(number), f'{sys.argv[1]}/{number}'
    fd = os.open(path, os.O_RDWR | os.O_CREAT)
    for turn in range(3000):
        kind, at = dice.random(), dice.randrange(200_000)
        if kind < 0.8: os.pwrite(fd, dice.randbytes(dice.randrange(1, 5000)), at)
        elif kind < 0.9: os.ftruncate(fd, at)
        elif kind < 0.95: os.fdatasync(fd)
        elif kind < 0.97: os.rename(path, path := f'{sys.argv[1]}/{number}-{turn}')
        else: os.lseek(fd, at, 0); os.writev(fd, [b'a' * 100, b'b' * 4000])
    os.fdatasync(fd)
    open(f'{sys.argv[1]}/../wanted-{os.path.basename(path)}', 'wb').write(os.pread(fd, 300_000, 0))
threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
ready()
time.sleep(60)
""")
    kept = {file.name: file.read_bytes() for file in rounds.data.iterdir()}
    wanted = {file.name.removeprefix("wanted-"): file.read_bytes() for file in rounds.data.parent.glob("wanted-*")}
    return kept == wanted and len(kept) == 4, f"{len(wanted)} files, of them exact {sum(kept.get(name) == bytes for name, bytes in wanted.items())}"


def syncs_are_counted(rounds):
    before = rounds.disk.counts()
    rounds.killed("""
fd = os.open(sys.argv[1] + '/it', os.O_RDWR | os.O_CREAT)
for _ in range(7): os.write(fd, b'x'); os.fdatasync(fd)
for _ in range(3): os.fsync(fd)
os.fsync(os.open(sys.argv[1], os.O_RDONLY))
elsewhere = os.open('/dev/shm/lossydisk-test', os.O_RDWR | os.O_CREAT); os.unlink('/dev/shm/lossydisk-test')
os.fsync(elsewhere)
ready()
time.sleep(60)
""")
    counted = tuple(now - then for now, then in zip(rounds.disk.counts(), before))
    return counted == (4, 7, 0), str(counted)


def full_disk_refuses_growth(rounds):
    rounds.disk.fill()
    printed = rounds.killed("""
import errno
fd = os.open(sys.argv[1] + '/it', os.O_RDWR | os.O_CREAT)
def attempt():
    try: os.write(fd, b'x' * 10); return b'written'
    except OSError as error: return errno.errorcode[error.errno].encode()
os.write(1, attempt() + b'\\n')
os.unlink(sys.argv[1] + '/../disk/full')
os.write(1, attempt() + b'\\n')
ready()
time.sleep(60)
""")
    return printed == [b"ENOSPC", b"written"], str(printed)


CASES = [full_keeps, rollback_keeps, off_loses, renamed_unsynced_is_empty, shortened_then_written, synced_is_exact, syncs_are_counted, full_disk_refuses_growth]


def main():
    failed = 0
    for case in CASES:
        folder = tempfile.mkdtemp(prefix="lossydisk-")
        try:
            good, seen = case(Rounds(folder))
        finally:
            shutil.rmtree(folder)
        failed += not good
        print(f"{'ok  ' if good else 'FAIL'}  {case.__name__.replace('_', ' ')}: {seen}", flush=True)
    print(f"{len(CASES) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    os.chdir("/")
    sys.exit(main())
