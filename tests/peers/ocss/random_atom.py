"""Random Atom documents, and what lxml finds in each.

random_atom.py read SEED COUNT prints a line of JSON for each document: the
document in Base64, and what is to be read of it by RFC 4287 and the service's
conventions, found with lxml. random_atom.py accept SEED COUNT prints documents
of odd syntax, and whether lxml and expat take them.
"""

import base64
import datetime
import json
import random
import re
import sys
import xml.parsers.expat
from urllib.parse import unquote

from lxml import etree

ATOM = "http://www.w3.org/2005/Atom"
APP = "http://www.w3.org/2007/app"
OC = "http://schemas.obexcode.com/syncserver/2009"
SEARCH = "http://a9.com/-/spec/opensearch/1.1/"
GONE = "http://purl.org/atompub/tombstones/1.0"
XHTML = "http://www.w3.org/1999/xhtml"
XML = "http://www.w3.org/XML/1998/namespace"
IANA = "http://www.iana.org/assignments/relation/"
URL = "http://h/v2/a/b"
SPACE = " \t\r\n"
WRAPPERS = ("vendor", "model", "client", "binding", "content", "datastore", "detection")

WORDS = ["a", "b", "é", "中", "😀", " ", "\n", "\t", "\r\n", "\r", "&amp;", "&lt;", "&#13;", "&#10;", "&#x1F600;",
         "&#x20;", "&#xA0;", "\u00a0", "\u2028", "\x85", "x", "yes", "http://h/x", "urn:uuid:1", "<!-- c -->", "<?p i?>",
         "<![CDATA[<b>&amp;]]>", "<![CDATA[]]]]><![CDATA[>]]>", "&gt;", '"', "'", "]]", "\ufeff", "e\u0301"]
VALUES = ["a", "é", "😀", " ", "\n", "\t", "\r\n", "&amp;", "&#13;", "&#10;", "&#9;", "&#x1F600;", "x", "/", "..", "?q=1",
          "#f", "%20", "&lt;", "&gt;", ">", "'", "edit", "http://o/"]
DATES = ["2009-11-01T12:30:00Z", "2009-11-01T13:30:00+01:00", "2009-11-01t12:30:00z", "2009-11-01T12:30:00.5Z",
         "2009-11-01T12:30:00.123456789Z", "2009-11-01T12:30:00", "2009-11-01T123000Z", "2008-12-31T23:59:60Z", "", "?",
         "2009-02-30T00:00:00Z", "2009-12-31T23:30:00-01:00", " 2009-11-01T12:30:00Z\n", "2009-<!-- c -->11-01T12:30:00Z",
         "2009-11-01T12:30:00-00:00", "2009-11-01T18:00:00+05:30", "2009-11-01T12:30:00.1234567891Z"]
LINKS = ["", "x", "../x", "/x/y", "?p=2", "#f", "http://h/a", "https://other/b", "//o/c", "http://h/é", "é", "a b", " x ",
         "&#x20;x", "http://h/a/../b", ".", "..", "./", "urn:x:1", "x%2Fy", "http://h:80/z", "a:b", "\n/q\n"]
BASES = ["http://b/x/", "sub/", "/r/", "../u", "http://b/x/y?z#f", " s/ ", "é/"]
IDS = ["urn:uuid:ab-1", "http://h/v2/x/é%20b/", "  urn:x:1 ", "", "http://h/", "URN:UUID:Q", "http://h/a%2Fb?x#y",
       "tag:h,1:2"]
TYPES = [None, "text", "html", "xhtml", "HTML", "", "text/x-vcard", "text/plain; charset=utf-8", "application/xml",
         "image/svg+xml", "TEXT/PLAIN", "image/png", "application/octet-stream", "APPLICATION/XML", " text/plain ",
         "text/xml"]
BINARY = ["aGVs\nbG8=", "aGVsbG8", "  ", "aG<!-- c -->Vs", "aGVsbG8=&#13;\n"]

pick = random.choice


def some(of, most):
    return "".join(pick(of) for _ in range(random.randrange(most)))


def text():
    return some(WORDS, pick([1, 3, 6]))


def value():
    return some(VALUES, 4)


class Out:
    """Writes elements under whatever prefix stands for their namespace."""

    def element(self, scope, namespace, name, attributes="", body=""):
        known = [prefix for prefix, uri in scope.items() if uri == namespace]
        chance = random.random()
        if known and chance < 0.85:
            prefix, declared = pick(known), ""
        elif chance < 0.93 and namespace:
            prefix = pick(["atom", "oc", "o", "x-1", "é", "app", "ns0", "A"])
            declared = f' xmlns:{prefix}="{namespace}"'
        else:
            prefix, declared = "", f' xmlns="{namespace}"'
        qualified = f"{prefix}:{name}" if prefix else name
        inner = body({**scope, prefix: namespace}) if callable(body) else body
        if not inner and random.random() < 0.5:
            return f"<{qualified}{declared}{attributes}/>"
        space = pick(["", "", " ", "\n"])
        return f"<{qualified}{declared}{attributes}{space}>{inner}</{qualified}{space}>"

    def common(self):
        chance = random.random()
        if chance < 0.08:
            return f' xml:base="{pick(BASES)}"'
        return f' xml:lang="{pick(["en", "no-NO", "", "x"])}"' if chance < 0.13 else ""

    def div(self, scope):
        def body(inner):
            return text() + self.element(inner, XHTML, pick(["b", "p"]), body=text()) + text()

        return pick(["", "\n"]) + self.element(scope, XHTML, "div", body=body) + pick(["", "\n"])

    def words(self, scope, name):
        kind = pick([None, None, "text", "html", "xhtml", " html ", "XHTML"])
        given = "" if kind is None else f' type="{kind}"'
        is_div = (kind or "").lower() == "xhtml"
        return self.element(scope, ATOM, name, self.common() + given, self.div if is_div else text())

    def extension(self, scope, depth=0):
        name = pick(["uuid", "client", "content", "operation", "name", "foo", "draft", "control", "x"])
        attributes = "".join(f' {name}="{value()}"' for name in random.sample(["k1", "k2"], pick([0, 0, 1, 2])))

        def body(inner):
            if depth < 3 and random.random() < 0.5:
                return text() + "".join(self.extension(inner, depth + 1) + text() for _ in range(pick([1, 2])))
            return text()

        return self.element(scope, pick([OC, OC, "urn:z", "", APP]), name, attributes + self.common(), body)

    def content(self, scope):
        kind = pick(TYPES)
        attributes = self.common() + ("" if kind is None else f' type="{kind}"')
        if random.random() < 0.1:
            return self.element(scope, ATOM, "content", attributes + f' src="{pick(LINKS)}"')
        plain = (kind or "text").strip().lower()
        if plain == "xhtml":
            body = self.div
        elif "xml" in plain:
            body = self.extension
        else:
            body = pick(BINARY) if "/" in plain and not plain.startswith("text/") else text()
        return self.element(scope, ATOM, "content", attributes, body)

    def link(self, scope, rels):
        attributes = f' href="{pick(LINKS)}"' + pick(["", f' rel="{pick(rels)}"'])
        attributes += pick(["", ' type="text/html"', ' type=" x/y "', f' title="{value()}"'])
        return self.element(scope, ATOM, "link", self.common() + attributes, pick(["", "text"]))

    def person(self, scope):
        fields = [pick(["name", "uri", "email"]) for _ in range(random.randrange(5))]
        return "".join(self.element(scope, ATOM, field, "", text()) for field in fields)

    def entry(self, scope, depth=0):
        def part(inner):
            kind = random.randrange(12)
            if kind == 0:
                return self.element(inner, ATOM, "id", self.common(), pick(IDS + [text()]))
            if kind == 1:
                return self.words(inner, pick(["title", "summary"]))
            if kind in (2, 3):
                return self.element(inner, ATOM, pick(["updated", "published"]), "", pick(DATES))
            if kind == 4:
                return self.element(inner, APP, "edited", "", pick(DATES))
            if kind in (5, 6):
                return self.link(inner, ["self", "edit", "next", IANA + "edit", " self ", "", "Edit"])
            if kind == 7:
                return self.element(inner, ATOM, pick(["author", "contributor"]), self.common(), self.person)
            if kind == 8:
                attributes = f' term="{value()}"' + pick(["", f' scheme="{value()}"']) + pick(["", f' label="{value()}"'])
                return self.element(inner, ATOM, "category", attributes)
            if kind == 9:
                return self.content(inner)
            if kind == 10:
                return self.extension(inner) + pick(["\n", "<!-- c -->", "<?pi x?>", "junk", "<![CDATA[junk]]>"])
            nested = self.entry if depth < 1 and random.random() < 0.3 else None
            body = (lambda scope: nested(scope, depth + 1)) if nested else text()
            return self.element(inner, ATOM, pick(["rights", "source", "icon", "unknown"]), self.common(), body)

        return self.element(scope, ATOM, "entry", self.common(),
                            lambda inner: "".join(part(inner) for _ in range(pick([0, 2, 4, 7]))))

    def feed(self, scope):
        def part(inner):
            kind = random.randrange(8)
            if kind < 3:
                return self.entry(inner)
            if kind == 3:
                return self.words(inner, "title")
            if kind == 4:
                return self.link(inner, ["next", "self"])
            if kind == 5:
                return self.element(inner, SEARCH, "totalResults", "", pick(["5", " 7 ", "x", "-1", ""]))
            if kind == 6:
                ref = pick(["urn:x:1", " urn:uuid:9 ", "http://h/q/1"])
                return self.element(inner, GONE, "deleted-entry", f' ref="{ref}" when="{pick(DATES[:4])}"')
            return self.element(inner, ATOM, pick(["id", "updated", "author"]), "", pick(["x", "2009-11-01T12:30:00Z"]))

        return self.element(scope, ATOM, "feed", self.common(),
                            lambda inner: "".join(part(inner) for _ in range(pick([1, 3, 6]))))


def document():
    out = Out()
    body = pick([out.feed, out.entry])({"xml": XML})
    chance = random.random()
    if chance < 0.1:
        return body.encode("utf-16")
    if chance < 0.2 and not re.search(r"[^\x00-\xff]", body):
        return ('<?xml version="1.0" encoding="ISO-8859-1"?>' + body).encode("latin-1")
    head = pick(["", "", "\ufeff", '<?xml version="1.0"?>', '<?xml version="1.0" encoding="utf-8"?>\n', "<?x-y z?>",
                 "<!-- c -->"])
    return (head + body).encode()


# What is to be read.


def elements(parent, *name):
    found = [child for child in parent if isinstance(child.tag, str)]
    return [child for child in found if tag(child) == name] if name else found


def tag(element):
    name = etree.QName(element)
    return name.namespace or "", name.localname


def direct_text(element):
    return (element.text or "") + "".join(child.tail or "" for child in element)


def full_text(element):
    inner = ((full_text(child) if isinstance(child.tag, str) else "") + (child.tail or "") for child in element)
    return (element.text or "") + "".join(inner)


def tree(element):
    attributes = [[*tag_of_attribute(name), given] for name, given in element.attrib.items()]
    return {"name": list(tag(element)), "attributes": sorted(attributes), "text": full_text(element),
            "children": [tree(child) for child in elements(element)]}


def tag_of_attribute(name):
    name = etree.QName(name)
    return name.namespace or "", name.localname


REFERENCE = re.compile(r"^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$", re.S)


def without_dots(path):
    out = []
    while path:
        for prefix, rest in (("../", ""), ("./", ""), ("/./", "/"), ("/../", "/")):
            if path.startswith(prefix):
                if prefix == "/../" and out:
                    out.pop()
                path = rest + path[len(prefix):]
                break
        else:
            if path in ("/.", "/.."):
                if path == "/.." and out:
                    out.pop()
                path = "/"
            elif path in (".", ".."):
                path = ""
            else:
                segment = re.match("/?[^/]*", path)[0]
                out.append(segment)
                path = path[len(segment):]
    return "".join(out)


def resolve(base, reference):
    """RFC 3986 section 5.2, for IRIs too; what no reference may hold is escaped."""
    reference = reference.strip(SPACE)
    reference = "".join(f"%{ord(c):02X}" if ord(c) < 0x21 or c in '"<>\\^`{|}\x7f' else c for c in reference)
    scheme, host, path, query, fragment = REFERENCE.match(reference).groups()
    of_base = REFERENCE.match(base).groups()
    if scheme or host is not None:
        path = without_dots(path)
        scheme = scheme or of_base[0]
    else:
        scheme, host = of_base[0], of_base[1]
        if not path:
            path, query = of_base[2], of_base[3] if query is None else query
        elif path.startswith("/"):
            path = without_dots(path)
        else:
            start = "/" if host and not of_base[2] else of_base[2][:of_base[2].rfind("/") + 1]
            path = without_dots(start + path)
    parts = [f"{scheme}:", "" if host is None else f"//{host}", path, "" if query is None else f"?{query}",
             "" if fragment is None else f"#{fragment}"]
    return "".join(parts)


def base_of(element, base):
    own = element.get(f"{{{XML}}}base")
    return base if own is None else resolve(base, own).split("#")[0]


def date(given):
    form = r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):?(\d\d):?(\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)?"
    found = re.fullmatch(form, given.strip(SPACE), re.A)
    if not found:
        return None
    numbers = [int(found[i]) for i in range(1, 7)]
    leap = numbers[5] == 60
    try:
        time = datetime.datetime(*numbers[:5], min(numbers[5], 59)) + datetime.timedelta(seconds=int(leap))
    except ValueError:
        return None
    zone = found[8]
    if zone and zone not in "Zz":
        offset = datetime.timedelta(hours=int(zone[1:3]), minutes=int(zone[4:]))
        time = time - offset if zone[0] == "+" else time + offset
    fraction = (found[7] or "")[:9].rstrip("0")
    return time.strftime("%Y-%m-%dT%H:%M:%S") + (f".{fraction}" if fraction else "") + "Z"


def first(of):
    return next((one for one in of if one), None)


def words(element):
    kind = (element.get("type") or "text").strip(SPACE).lower()
    if kind == "xhtml":
        return [kind, full_text((elements(element) or [element])[0])]
    return ["html" if kind == "html" else "text", direct_text(element)]


def all_words(parent, name):
    found = elements(parent, ATOM, name)
    return words(found[0]) if found else None


def last_segment(url):
    found = re.match(r"https?://[^/?#]*([^?#]*)", url, re.I)
    segments = [segment for segment in found[1].split("/") if segment] if found else []
    return unquote(segments[-1]) if segments else None


def id_of(reference):
    if reference[:9].lower() == "urn:uuid:":
        return reference[9:].strip(SPACE) or None
    return last_segment(reference) or reference


def prop(entry, name):
    found = elements(entry, OC, name) or [
        one for wrapper in elements(entry) if tag(wrapper)[0] == OC and tag(wrapper)[1] in WRAPPERS
        for one in elements(wrapper, OC, name)]
    if not found:
        return None
    given = found[0].text or ""
    for child in found[0]:
        if isinstance(child.tag, str):
            break
        given += child.tail or ""
    return given.strip(SPACE) or None


def content(element, base):
    kind = (element.get("type") or "").strip(SPACE) or "text"
    plain = kind.split(";")[0].strip().lower()
    if element.get("src") is not None:
        return ["src", kind, resolve(base_of(element, base), element.get("src"))]
    if plain == "xhtml" or plain.endswith(("/xml", "+xml")):
        children = [tree(child) for child in elements(element)]
        return ["markup", kind, children] if children else ["text", kind, direct_text(element)]
    if "/" not in plain or plain.startswith("text/"):
        return ["text", kind, direct_text(element)]
    return ["base64", kind, re.sub(r"[ \t\r\n]", "", direct_text(element))]


def read_link(link, base):
    rel = (link.get("rel") or "").strip(SPACE).removeprefix(IANA) or "alternate"
    kind = link.get("type")
    return [rel, resolve(base_of(link, base), link.get("href", "")), kind and kind.strip(SPACE), link.get("title")]


def person(element):
    def field(name):
        return first(direct_text(child).strip(SPACE) for child in elements(element, ATOM, name))

    return [field("name") or "", field("uri"), field("email")]


KNOWN = [(ATOM, name) for name in ("id", "title", "summary", "updated", "published", "link", "author", "contributor",
                                   "category", "content")] + [(APP, "edited")]


def entry(element, base):
    base = base_of(element, base)

    def dates(namespace, name):
        return first(date(direct_text(child)) for child in elements(element, namespace, name))

    links = [read_link(link, base) for link in elements(element, ATOM, "link")]
    own = {rel: next((link[1] for link in links if link[0].lower() == rel), "") for rel in ("self", "edit")}
    edit = re.sub(r"/edit/*$", "", re.split("[?#]", own["edit"])[0].rstrip("/"))
    atom_id = first(direct_text(child).strip(SPACE) for child in elements(element, ATOM, "id"))
    contents = elements(element, ATOM, "content")
    lang = element.get(f"{{{XML}}}lang")
    return {
        "id": atom_id,
        "title": all_words(element, "title"),
        "summary": all_words(element, "summary"),
        "updated": dates(ATOM, "updated"),
        "published": dates(ATOM, "published"),
        "edited": dates(APP, "edited"),
        "links": links,
        "authors": [person(one) for one in elements(element, ATOM, "author")],
        "categories": [[one.get("term", "").strip(SPACE), one.get("scheme") and one.get("scheme").strip(SPACE),
                        one.get("label")] for one in elements(element, ATOM, "category")],
        "lang": lang and lang.strip(SPACE),
        "content": content(contents[0], base) if contents else None,
        "extensions": [tree(child) for child in elements(element) if tag(child) not in KNOWN],
        "operation": prop(element, "operation"),
        "resource_id": prop(element, "uuid") or (atom_id and id_of(atom_id)) or last_segment(own["self"])
        or last_segment(edit),
    }


def expected(given):
    root = etree.fromstring(given, etree.XMLParser(resolve_entities=False))
    if tag(root) == (ATOM, "entry"):
        return {"entries": [entry(root, URL)]}
    base = base_of(root, URL)
    links = [read_link(link, base) for link in elements(root, ATOM, "link")]
    totals = [direct_text(one).strip(SPACE) for one in elements(root, SEARCH, "totalResults")]
    return {
        "id": first(direct_text(child).strip(SPACE) for child in elements(root, ATOM, "id")),
        "title": all_words(root, "title"),
        "updated": first(date(direct_text(child)) for child in elements(root, ATOM, "updated")),
        "next": next((link[1] for link in links if link[0] == "next"), None),
        "total": next((int(total) for total in totals if total.isdigit()), None),
        "deleted": [[one.get("ref", "").strip(SPACE), date(one.get("when", ""))]
                    for one in elements(root, GONE, "deleted-entry")],
        "entries": [entry(child, base) for child in elements(root, ATOM, "entry")],
    }


# Whether a document is one.

NAME = ["a", "b", "é", "×", "÷", "·", "\u0301", "\u203f", "\u2070", "\u037e", "\u3001", "\ufdd0", "😀", "\U000effff",
        "\U000f0000", "0", "-", ".", ":", "_", "x", "\u200c", "\u2190", "\u2c00"]
PIECES = ["a", "<", ">", "&amp;", "&#65;", "&#x41;", "&#X41;", "&#0;", "&#x1;", "&#xD800;", "&#xFFFE;", "&#x10FFFF;",
          "&#x110000;", "&#9;", "&#13;", "&nbsp;", "&", "&amp", "& ", "&#;", "&#x;", "]]>", "]]", "<![CDATA[x]]>",
          "<![CDATA[]]]]>", "<![CDATA[]]]>", "<![CDATA[<a>&]]>", "<![CDATA[ ]]", "<!-- x -->", "<!---->", "<!--->",
          "<!-->", "<!-- a--b -->", "<!-- a--->", "<?pi?>", "<?pi x?>", "<?pi?", "<? pi?>", "<?xml?>", "<?XML x?>",
          "<?xml-a?>", "<e/>", "<e />", "<e></e>", "<e></e >", "<e></ e>", "< e/>", "<e/ >", "<e></e/>", "</e>", "<e>",
          '<e a="1"/>', "<e a='1'/>", "<e a=1/>", "<e a/>", '<e a="1" a="2"/>', '<e a="1"b="2"/>', '<e a = "1"/>',
          '<e a="<"/>', '<e a=">"/>', '<e a="&"/>', '<e a="]]>"/>', "<p:e/>", '<p:e xmlns:p="u"/>', '<e p:a="1"/>',
          '<e xmlns:p=""/>', '<e xmlns=""/>', '<e xmlns:xml="u"/>', '<e xmlns:xmlns="u"/>', f'<e xmlns:x="{XML}"/>',
          '<e xml:lang="x"/>', '<e xmlns:a="u" xmlns:b="u" a:x="1" b:x="2"/>', '<e xmlns:a="u" a:x="1" x="2"/>',
          '<a:b:c xmlns:a="u"/>', "<:a/>", "<a:/>", "<!ELEMENT e ANY>", "<!DOCTYPE e>", "<!x>", "\x00", "\x01", "\x7f",
          "\x85", "\ufffe", "\uffff", "\ufeff", "\r", "/>", '"', "=", "é"]
BEFORE = [""] * 6 + ['<?xml version="1.0"?>', '<?xml version="1.1"?>', "<?xml version='1.0' standalone=\"yes\"?>",
                     '<?xml version="1.0" standalone="x"?>', '<?xml encoding="utf-8"?>', "<?xml?>",
                     '<?xml version="1.0"encoding="utf-8"?>', '<?xml  version = "1.0"?>\n', ' <?xml version="1.0"?>',
                     "<!-- x -->", "<?pi?>", "x", "\n", "\ufeff", "&#32;", "<![CDATA[]]>"]
AFTER = [""] * 6 + ["\n", "<!-- x -->", "<?pi?>", "x", "&#32;", "<e/>", "\x00", "\ufeff", "</entry>", "<!DOCTYPE a>"]


def odd_document():
    def piece():
        chance = random.random()
        name = some(NAME, 4)
        return f"<{name}/>" if chance < 0.12 else f'<e {name}="1"/>' if chance < 0.18 else pick(PIECES)

    body = "".join(piece() for _ in range(pick([1, 1, 1, 2, 3])))
    return (pick(BEFORE) + f'<entry xmlns="{ATOM}">{body}</entry>' + pick(AFTER)).encode()


def lxml_takes(given):
    try:
        root = etree.fromstring(given, etree.XMLParser(resolve_entities=False))
    except etree.XMLSyntaxError:
        return False
    return not root.getroottree().docinfo.doctype


def expat_takes(given):
    parser = xml.parsers.expat.ParserCreate(namespace_separator=" ")
    seen = []
    parser.StartDoctypeDeclHandler = lambda *_: seen.append(1)
    try:
        parser.Parse(given, True)
    except xml.parsers.expat.ExpatError:
        return False
    return not seen


what, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
random.seed(seed)
for _ in range(count):
    if what == "read":
        given = document()
        line = {"expected": expected(given)}
    else:
        given = odd_document()
        line = {"lxml": lxml_takes(given), "expat": expat_takes(given)}
    print(json.dumps({"document": base64.b64encode(given).decode(), **line}))
