"""What the machine is and what a process on it uses, from /proc; and how fast its disk syncs."""
import os
import platform
import time
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def family(pid):
    """A process and its children: a server may keep workers."""
    found, children = [pid], {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                children.setdefault(int(fields(entry.name)[1]), []).append(int(entry.name))
            except OSError:
                continue
    for each in found:
        found += children.get(each, [])
    return found


def fields(pid):
    """Of /proc/PID/stat, from the third on: a name may hold spaces, but it ends at the last parenthesis."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def cpu_seconds(pid):
    """Used so far by all threads of a process and its children, in user and system mode."""
    return sum(int(ticks) for each in family(pid) for ticks in fields(each)[11:13]) / TICK


def resident(pid):
    """Resident memory in MB (10⁶ bytes)."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024 / 1e6


def fdatasyncs(folder, seconds=2.0):
    """Milliseconds each fdatasync of a 4 KiB append takes, one after the other."""
    path, took, block = Path(folder) / "fdatasync", [], b"\1" * 4096
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    try:
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            os.write(fd, block)
            begun = time.perf_counter()
            os.fdatasync(fd)
            took.append((time.perf_counter() - begun) * 1e3)
    finally:
        os.close(fd)
        path.unlink()
    return took


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def description():
    model = next((line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), platform.machine())
    memory = int(Path("/proc/meminfo").read_text().split()[1]) * 1024 / 1e9
    return f"{os.cpu_count()} cores, {model}, {memory:.0f} GB, Linux {platform.release()}"
