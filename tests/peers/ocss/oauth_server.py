"""An endpoint whose signatures oauthlib checks.

Prints its port, serves until its standard input ends. Every request that
carries a good signature gets an Atom entry or feed that says how it was
signed; any other gets 401. `POST /verify` takes a JSON list of requests and
answers which of them are signed well.
"""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from oauthlib import oauth1

ACCOUNTS = {
    ("consumer-key-alice", "access-key-alice"): ("consumer-secret-alice", "access-secret-alice"),
    ("consumer-key-bob", "access-key-bob"): ("consumer&secret%bob=", "access+secret/bob"),
    ("konsøment", "tøken"): ("hemmeligæ", "ключ"),
}


class Validator(oauth1.RequestValidator):
    enforce_ssl = False
    allowed_signature_methods = ("HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "PLAINTEXT")
    dummy_client = "dummy"
    dummy_access_token = "dummy"

    def __init__(self):
        self.lock = threading.Lock()
        self.seen = set()

    def check_client_key(self, client_key):
        return bool(client_key)

    def check_access_token(self, request_token):
        return bool(request_token)

    def validate_client_key(self, client_key, request):
        return any(consumer == client_key for consumer, _ in ACCOUNTS)

    def validate_access_token(self, client_key, token, request):
        return (client_key, token) in ACCOUNTS

    def validate_timestamp_and_nonce(self, client_key, timestamp, nonce, request, request_token=None,
                                     access_token=None):
        key = (client_key, access_token, timestamp, nonce)
        with self.lock:
            fresh = key not in self.seen
            self.seen.add(key)
        return fresh

    def validate_realms(self, client_key, token, request, uri=None, realms=None):
        return True

    def get_client_secret(self, client_key, request):
        return next((s[0] for k, s in ACCOUNTS.items() if k[0] == client_key), "dummy")

    def get_access_token_secret(self, client_key, token, request):
        return ACCOUNTS.get((client_key, token), ("dummy", "dummy"))[1]


ENDPOINT = oauth1.ResourceEndpoint(Validator())


def verified(method, url, headers, body):
    ok, _ = ENDPOINT.validate_protected_resource_request(
        url, http_method=method, body=body or None, headers=headers, realms=[])
    return ok


def entry(url, method):
    return (
        f'<entry xmlns="http://www.w3.org/2005/Atom"><id>{escape(url)}</id><title>{method}</title>'
        f'<link rel="edit" href="{escape(url)}"/>'
        '<content type="text/plain">x</content></entry>'
    )


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def reply(self, status, body, content_type="application/atom+xml", **headers):
        data = body.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if self.path == "/verify":
            verdicts = [verified(r["method"], r["url"], r["headers"], r["body"]) for r in json.loads(body)]
            return self.reply(200, json.dumps(verdicts), "application/json")
        base = f"http://{self.headers['Host']}"
        # What is signed of a body is a form, and a form has to say that it is one.
        form = (self.headers.get("Content-Type") or "").startswith("application/x-www-form-urlencoded")
        if not verified(self.command, base + self.path, dict(self.headers), body if form else ""):
            return self.reply(401, "oauth_problem=signature_invalid", "text/plain")
        path = urlsplit(self.path).path
        if self.command == "POST":
            url = base + path + "created"
            return self.reply(201, entry(url, "POST"), Location=url)
        if self.command == "DELETE":
            self.send_response(204)
            return self.end_headers()
        if path.endswith("/"):
            member = entry(base + path + "member", self.command)
            return self.reply(200, f'<feed xmlns="http://www.w3.org/2005/Atom"><id>x</id>{member}</feed>')
        return self.reply(200, entry(base + path, self.command))

    do_GET = do_POST = do_PUT = do_DELETE = handle_any


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
