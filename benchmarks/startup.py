"""How long `dsx --help` takes, and what importing the command line loads.

python benchmarks/startup.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

HEAVY = ("torch", "transformers", "pymupdf", "pydantic", "numpy", "rich")


def main() -> None:
    """Median of 10 in milliseconds, and the heavy modules that `import dsx.cli` loads (none is right)."""
    seconds = []
    for _ in range(10):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-m", "dsx", "--help"], stdout=subprocess.DEVNULL, check=True)
        seconds.append(time.perf_counter() - started)
    code = f"import sys, dsx.cli; print([name for name in {HEAVY} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    print(f"dsx --help: median of 10 {statistics.median(seconds) * 1e3:.0f} ms, slowest {max(seconds) * 1e3:.0f} ms")
    print(f"import dsx.cli loads of {', '.join(HEAVY)}: {loaded}")


if __name__ == "__main__":
    main()
