"""Syncs once with the synctool's client and says what that took:

bench.py URL PATH TOKEN

prints a line of JSON. The environment names the database.
"""

import json
import os
import sys
import time

os.environ["DJANGO_SETTINGS_MODULE"] = "project.settings"
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import django  # noqa: E402

django.setup()

from django.db import connection  # noqa: E402
from synctool.client import Client  # noqa: E402


def memory(name):
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith(name + ":"):
                return int(line.split()[1])


def main():
    url, path, token = sys.argv[1:]
    connection.ensure_connection()
    idle = memory("VmRSS")
    begun = time.monotonic()
    Client(api_token=token, api_url=url).sync(path)
    seconds = time.monotonic() - begun
    answer = {"seconds": seconds, "idle_kib": idle, "peak_kib": memory("VmHWM")}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
