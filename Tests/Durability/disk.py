"""The harness's side of `lossydisk.c`: builds the library, lays out the image of the disk, and brings it back after a crash.

    disk = Disk(data, workspace)
    disk.settle()                     # what is there now counts as synced
    ... run a process with disk.environment(), kill -9 ...
    disk.crash()                      # the data directory holds what was synced, and nothing else
"""
import os
import shutil
import struct
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = HERE.parents[1] / ".build" / "harness"


def library():
    """Builds the library when its source is newer, and answers its path."""
    source, built = HERE / "lossydisk.c", BUILD / "lossydisk.so"
    if not built.exists() or built.stat().st_mtime < source.stat().st_mtime:
        BUILD.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-shared", "-fPIC", "-o", built, source, "-ldl", "-lpthread"], check=True)
    return built


class Disk:
    """`data` is the directory watched; images, counters and the mark of a full disk are kept in `workspace`, outside of it."""

    def __init__(self, data, workspace, images=True):
        self.data, self.workspace, self.images = Path(data), Path(workspace), images
        self.shadow, self.count, self.full = (self.workspace / name for name in ("shadow", "count", "full"))
        self.workspace.mkdir(parents=True, exist_ok=True)

    def environment(self):
        """What a process needs to run on this disk."""
        self.data.mkdir(parents=True, exist_ok=True)
        watched = {"LD_PRELOAD": str(library()), "LOSSYDISK_ROOT": str(self.data), "LOSSYDISK_COUNT": str(self.count)}
        if self.images:
            watched |= {"LOSSYDISK_SHADOW": str(self.shadow), "LOSSYDISK_FULL": str(self.full)}
        return watched

    def settle(self):
        """Counts everything in the data directory as synced. Only while nothing runs on it."""
        shutil.rmtree(self.shadow, ignore_errors=True)
        self.data.mkdir(parents=True, exist_ok=True)
        shutil.copytree(self.data, self.shadow, ignore=shutil.ignore_patterns("*-shm"))

    def crash(self):
        """Leaves in the data directory what was synced. Contents are replaced in place, so owners and modes stay."""
        for file in [found for found in self.data.rglob("*") if found.is_file()]:
            image = self.shadow / file.relative_to(self.data)
            if image.is_file():
                file.write_bytes(image.read_bytes())
            else:
                file.unlink()

    def counts(self):
        """(fsyncs, fdatasyncs, writes refused) since the counters were made."""
        return struct.unpack("3Q", self.count.read_bytes()) if self.count.exists() else (0, 0, 0)

    def syncs(self):
        return sum(self.counts()[:2])

    def fill(self):
        self.full.touch()

    def free(self):
        self.full.unlink(missing_ok=True)


def environment(*more):
    """This process's environment with others laid over it."""
    laid = dict(os.environ)
    for each in more:
        laid |= each
    return laid
