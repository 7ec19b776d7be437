"""What the clients from PyPI share; see the README beside."""

import json
import os
import sys
import time
from urllib.parse import urlsplit


def main(make, tasks):
    """Runs the task of the command line and says how long it took."""
    task, url, *rest = sys.argv[1:]
    try:
        client = make(os.environ["API_KEY"], urlsplit(url))
        begun = time.perf_counter()
        found = tasks[task](client, *rest)
        line = {"seconds": time.perf_counter() - begun, "found": found}
    except Exception as error:  # Whatever it is, it's what is to be shown.
        line = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(line), flush=True)
    sys.stdin.read()


def count(nodes):
    """How many files and directories there are in a tree."""
    return sum(1 + count(node.get("children") or []) for node in nodes)
