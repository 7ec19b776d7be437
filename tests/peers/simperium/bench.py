"""What Simperium3 costs: `bench.py WAY TOKEN COUNT`, the hosts in the environment.

Ways: `set`, `get` (COUNT calls on one entity), `index`, `index-data` (pages of
1000 until there is no more, COUNT entries in all), `idle`.
"""

import json
import sys
import time

from simperium.core import Api

way, token, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
bucket = Api("bench", token, scheme="http")["note"]


def pages(data):
    seen, mark = 0, None
    while True:
        page = bucket.index(data=data, mark=mark, limit=1000)
        seen += len(page["index"])
        mark = page.get("mark")
        if mark is None:
            assert seen == count, seen
            return


def calls(call):
    for number in range(count):
        call(number)


begun = time.perf_counter()
if way == "set":
    calls(lambda number: bucket.set("py", {"n": number}))
elif way == "get":
    calls(lambda number: bucket.get("k0"))
elif way != "idle":
    pages(way == "index-data")
seconds = time.perf_counter() - begun
with open("/proc/self/status") as status:
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
print(json.dumps({"seconds": seconds, "cpu_seconds": 0, "peak_kib": peak, "bytes": 0}))
