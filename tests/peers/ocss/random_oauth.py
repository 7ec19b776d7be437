"""Random requests as oauthlib signs them.

random_oauth.py SEED COUNT prints a line of JSON for each: the request, the
keys, and the parameters of the signature.
"""

import json
import random
import sys

from oauthlib import oauth1

HOSTS = ["example.com", "EXAMPLE.com", "127.0.0.1", "[::1]", "[2001:DB8::1]", "localhost", "EXAMPLE.com:80", "h:443",
         "h:8080", "[::1]:80", "[::1]:443", "[::1]:8443", "h:65535", "xn--d1acufc.org"]
SEGMENTS = ["a", "B", "%20", "%2f", "%2F", "~", "%7E", "'", ";p=1", "*", "(", ")", ":", "@", "!", "$", ",", "+", "=", "..",
            ".", "", "%e9", "%C3%A9"]
# What oauthlib takes in a query and a form, encoded well or badly.
PIECES = ["a", "Z", "0", "-", ".", "_", "~", "+", "%20", "%2B", "%2b", "%25", "%26", "%3D", "%3d", "%C3%A9", "%c3%a9", "%E4%B8%AD",
          "'", "(", ")", "*", "!", ":", "@", "/", "?", ",", "$", "%0A", "%7F", "%F0%9F%8D%9E", "%2525", "=", "%253D"]
SECRET = ["a", "B", "1", " ", "+", "%", "&", "=", "é", "ключ", "中", "🍞", "~", "-", '"', "'", "/", "\\", "\t"]

pick = random.choice


def some(of, most):
    return "".join(pick(of) for _ in range(random.randrange(most)))


def query():
    def pair():
        name = some(PIECES[:-2], 4) or "n"
        return pick([f"{name}={some(PIECES, 5)}", f"{name}={some(PIECES, 5)}", f"{name}=", "a=1", "a=2", "A=1", "a=",
                     "p10=1", "p2=1", "x!y=a"])

    return "&".join(pair() for _ in range(random.randrange(1, 6)))


random.seed(int(sys.argv[1]))
for _ in range(int(sys.argv[2])):
    method = pick(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"])
    signature_method = pick(["HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "PLAINTEXT"])
    path = pick(["", "/", "/" + "/".join(pick(SEGMENTS) for _ in range(random.randrange(1, 5)))])
    url = pick(["http", "https", "HTTP", "HTTPS"]) + "://" + pick(HOSTS) + path + pick(["", "?" + query(), "?" + query()])
    keys = {"consumer_key": some(SECRET, 8) or "k", "consumer_secret": some(SECRET, 8),
            "token": some(SECRET, 8) or "t", "token_secret": some(SECRET, 8)}
    nonce, timestamp = some(SECRET, 8) or "n", random.randrange(1, 2**33)
    form = query() if method in ("POST", "PUT", "PATCH") and random.random() < 0.5 else None
    client = oauth1.Client(keys["consumer_key"], keys["consumer_secret"], keys["token"], keys["token_secret"],
                           signature_method=signature_method, nonce=nonce, timestamp=str(timestamp),
                           realm=pick([None, "Photos"]))
    headers = {} if form is None else {"Content-Type": "application/x-www-form-urlencoded"}
    _, signed, _ = client.sign(url, method, form, headers)
    print(json.dumps({"method": method, "url": url, "form": form, "signature_method": signature_method, "nonce": nonce,
                      "timestamp": timestamp, **keys, "authorization": signed["Authorization"]}))
