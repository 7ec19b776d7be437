"""Reads Atom documents with feedparser and with lxml.

Takes a JSON list of documents from standard input. Prints, as JSON, what each
of the two has found in each: {"entries": [...], "next": …, "title": …}.
"""

import base64
import json
import sys

import feedparser
from lxml import etree

ATOM = "{http://www.w3.org/2005/Atom}"
APP = "{http://www.w3.org/2007/app}"
OC = "{http://schemas.obexcode.com/syncserver/2009}"


def link(links, rel):
    return next((l["href"] for l in links if l.get("rel", "alternate") == rel), None)


def with_feedparser(document):
    parsed = feedparser.parse(document.encode(), sanitize_html=False, resolve_relative_uris=False)
    assert not parsed.bozo, parsed.bozo_exception
    return {
        "title": parsed.feed.get("title"),
        "next": link(parsed.feed.get("links", []), "next"),
        "entries": [
            {
                "id": e["id"],
                "title": e["title"],
                "published": e["published"],
                "updated": e["updated"],
                "self": link(e["links"], "self"),
                "edit": link(e["links"], "edit"),
            }
            for e in parsed.entries
        ],
    }


def text(element, name):
    found = element.find(name)
    return None if found is None else (found.text or "")


def href(element, rel):
    found = element.find(f"{ATOM}link[@rel='{rel}']")
    return None if found is None else found.get("href")


def with_lxml(document):
    root = etree.fromstring(document.encode())
    if root.tag == APP + "service":
        return {
            "collections": [
                [c.get(OC + "role"), c.findtext(ATOM + "title"), c.get("href"),
                 [a.text for a in c.findall(APP + "accept") if a.text]]
                for c in root.iter(APP + "collection")
            ]
        }
    entries = [root] if root.tag == ATOM + "entry" else root.findall(ATOM + "entry")
    found = []
    for e in entries:
        content = e.find(ATOM + "content")
        data, media_type = None, None
        if content is not None:
            media_type = content.get("type")
            is_text = media_type.startswith("text")
            raw = content.text or ""
            data = list(raw.encode()) if is_text else list(base64.b64decode(raw))
        found.append({
            "id": text(e, ATOM + "id"),
            "title": text(e, ATOM + "title"),
            "published": text(e, ATOM + "published"),
            "updated": text(e, ATOM + "updated"),
            "self": href(e, "self"),
            "edit": href(e, "edit"),
            "data": data,
            "type": media_type,
            "uuid": next((u.text for u in e.iter(OC + "uuid")), None),
            "operation": next((o.text for o in e.iter(OC + "operation")), None),
        })
    title = root.findtext(ATOM + "title")
    return {"title": title, "next": href(root, "next"), "entries": found}


documents = json.load(sys.stdin)
print(json.dumps([
    {
        "feedparser": with_feedparser(d) if d.lstrip().split("\n", 1)[-1].startswith("<feed") else None,
        "lxml": with_lxml(d),
    }
    for d in documents
]))
