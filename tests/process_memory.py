"""What this process holds in memory, as the system counts it."""

from pathlib import Path


def resident(field: str) -> int:
    """MB of this process: `VmRSS` now, `VmHWM` at most so far."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:")) // 1024
