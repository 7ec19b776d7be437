"""Serves the project as `runserver` does, on a port of the system's choosing,
which it prints; until standard input ends."""

import os
import sys
import threading
from socketserver import ThreadingMixIn

os.environ["DJANGO_SETTINGS_MODULE"] = "project.settings"
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from django.core.servers.basehttp import WSGIRequestHandler, WSGIServer  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Handler(WSGIRequestHandler):
    def log_message(self, *args):
        pass


def until_input_ends():
    sys.stdin.read()
    os._exit(0)


def main():
    server = Server(("127.0.0.1", 0), Handler)
    server.set_app(get_wsgi_application())
    threading.Thread(target=until_input_ends, daemon=True).start()
    print("READY", server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
