"""PyPI's `syncthing`, or `syncthing2`, whose module has the same name."""

import peer
from syncthing import Syncthing


def make(key, url):
    return Syncthing(key, host=url.hostname, port=url.port)


def pings(client, number):
    for _ in range(int(number)):
        client.system.ping()
    return int(number)


def browse(client, folder):
    return peer.count(client.database.browse(folder))


peer.main(make, {"pings": pings, "browse": browse})
