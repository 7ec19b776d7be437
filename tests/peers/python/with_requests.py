"""PyPI's `syncthing`, or `syncthing2`, which has the same names."""

import peer

try:
    from syncthing import Syncthing
except ImportError:
    from syncthing2 import Syncthing


def make(key, url):
    return Syncthing(key, host=url.hostname, port=url.port)


def pings(client, number):
    for _ in range(int(number)):
        client.system.ping()
    return int(number)


def browse(client, folder):
    return peer.count(client.database.browse(folder))


def events(client):
    found = client.events._get("/rest/events", params={"since": 0, "timeout": 0})
    return len(found)


peer.main(make, {"pings": pings, "browse": browse, "events": events})
