"""Reads a feed with lxml (and takes out every field) or with feedparser.

read_feed.py lxml|feedparser FILE ENTRIES prints the cost as JSON.
"""

import json
import sys
import time

reader, file, entries = sys.argv[1], sys.argv[2], int(sys.argv[3])
with open(file, "rb") as opened:
    document = opened.read()

A = "{http://www.w3.org/2005/Atom}"
OC = "{http://schemas.obexcode.com/syncserver/2009}"


def with_lxml():
    from lxml import etree

    begun = time.perf_counter()
    found = []
    for e in etree.fromstring(document).iterfind(A + "entry"):
        content = e.find(A + "content")
        wrapper = e.find(OC + "content")
        found.append({
            "id": e.findtext(A + "id"),
            "title": e.findtext(A + "title"),
            "published": e.findtext(A + "published"),
            "updated": e.findtext(A + "updated"),
            "author": e.findtext(f"{A}author/{A}name"),
            "links": {link.get("rel"): link.get("href") for link in e.iterfind(A + "link")},
            "type": content.get("type"),
            "content": content.text,
            "uuid": wrapper.findtext(OC + "uuid"),
            "dataclass": wrapper.findtext(OC + "dataclass"),
        })
    return time.perf_counter() - begun, len(found)


def with_feedparser():
    import feedparser

    begun = time.perf_counter()
    found = feedparser.parse(document).entries
    return time.perf_counter() - begun, len(found)


seconds, found = {"lxml": with_lxml, "feedparser": with_feedparser}[reader]()
assert found == entries, f"{found} of {entries} entries"
with open("/proc/self/status") as status:
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
print(json.dumps({"seconds": seconds, "cpu_seconds": 0.0, "peak_kib": peak, "bytes": len(document)}))
