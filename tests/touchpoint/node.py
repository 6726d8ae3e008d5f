"""Node, pinned with the packages of tests/node: what senders use, unchanged."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODULES = ROOT / ".cache" / "node" / "node_modules"


def run_node(script, *arguments, timeout=60):
    """Runs tests/node/SCRIPT to its end, and answers the lines that it says."""
    (program,) = MODULES.glob("node-linux-*/bin/node")
    done = subprocess.run(
        [program, ROOT / "tests" / "node" / script, *arguments],
        env={**os.environ, "NODE_PATH": str(MODULES)},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
