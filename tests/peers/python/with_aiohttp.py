"""PyPI's `aiosyncthing`."""

import asyncio

import aiosyncthing
import peer


def make(key, url):
    return lambda: aiosyncthing.Syncthing(key, url=f"{url.scheme}://{url.netloc}")


def pings(make_client, number):
    async def run():
        async with make_client() as client:
            for _ in range(int(number)):
                await client.system.ping()

    asyncio.run(run())
    return int(number)


peer.main(make, {"pings": pings})
