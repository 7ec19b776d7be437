"""Uses the service at a base URL with requests-oauthlib.

Prints, as JSON, a list of [what, status] for every request.
"""

import json
import sys

from requests_oauthlib import OAuth1Session

BASE = sys.argv[1]
ACCOUNTS = {
    "alice": ("consumer-key-alice", "consumer-secret-alice", "access-key-alice", "access-secret-alice"),
    "bob": ("consumer-key-bob", "consumer&secret%bob=", "access-key-bob", "access+secret/bob"),
    "utf8": ("konsøment", "hemmeligæ", "tøken", "ключ"),
}
METHODS = ["HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "PLAINTEXT"]
ATOM = 'xmlns="http://www.w3.org/2005/Atom" xmlns:oc="http://schemas.obexcode.com/syncserver/2009"'
HEADERS = {"Content-Type": "application/atom+xml"}
results = []


def note(what, response):
    results.append([what, response.status_code])
    return response


for name, (consumer, consumer_secret, token, token_secret) in ACCOUNTS.items():
    for method in METHODS:
        for placement in ["AUTH_HEADER", "QUERY"]:
            session = OAuth1Session(consumer, consumer_secret, token, token_secret, signature_method=method,
                                    signature_type=placement)
            what = f"{name} {method} {placement}"
            note(f"{what} list", session.get(BASE + "services/"))
            note(f"{what} query", session.get(BASE + "services/datastore/", params={"page": "1"}))
            created = note(f"{what} create", session.post(
                BASE + "services/datastore/", headers=HEADERS,
                data=f"<entry {ATOM}><oc:client><oc:name>å &amp; b</oc:name></oc:client></entry>".encode()))
            store = created.headers["Location"]
            content = note(f"{what} content", session.post(
                store + "/content/", headers=HEADERS,
                data=f'<entry {ATOM}><content type="text/plain">x&#13;</content></entry>'.encode()))
            item = content.headers["Location"]
            note(f"{what} filter", session.get(
                store + "/content/", params={"since": "2009-11-01T123000Z", "dataclass": "a b+c&d/å"}))
            note(f"{what} change", session.put(
                item, headers=HEADERS | {"If-Match": content.headers["ETag"]},
                data=f"<entry {ATOM}><title>y</title></entry>".encode()))
            note(f"{what} delete", session.delete(item))
            note(f"{what} gone", session.get(item))

consumer, _, token, token_secret = ACCOUNTS["alice"]
wrong = OAuth1Session(consumer, "wrong", token, token_secret)
note("wrong secret", wrong.get(BASE + "services/"))
alice = OAuth1Session(*ACCOUNTS["alice"])
note("detect_auto", alice.get(BASE + "phones/detect/auto", params={"number": "+4799988877"}))
print(json.dumps(results))
