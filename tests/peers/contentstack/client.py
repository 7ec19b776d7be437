"""Contentstack's client for Python, told line by line what to do.

Reads `{"do": "init"}`, `{"do": "delta"}` or `{"do": "count"}` from standard
input and answers each with a line of JSON. The stack is in the environment.
"""

import json
import os
import sys
import time

import contentstack


def new_stack():
    return contentstack.Stack(
        api_key=os.environ["STACK_API_KEY"],
        delivery_token=os.environ["STACK_TOKEN"],
        environment=os.environ["STACK_ENVIRONMENT"],
        host=os.environ["STACK_HOST"] + ":" + os.environ["STACK_PORT"],
    )


def pages(first):
    """The page that a first call is answered, and all that follow it."""
    page = first(new_stack())
    while True:
        if "items" not in page:
            raise RuntimeError(json.dumps(page))
        yield page
        token = page.get("pagination_token")
        if token is None:
            return
        # A stack remembers parameters of earlier calls; a new one doesn't.
        page = new_stack().pagination(token)


def everything(first):
    items, token = [], None
    for page in pages(first):
        items.extend(page["items"])
        token = page.get("sync_token")
    return {"items": items, "token": token}


def count():
    """All pages, as a program would write it, with one stack."""
    stack = new_stack()
    begun = time.perf_counter()
    page = stack.sync_init()
    found = len(page["items"])
    while "pagination_token" in page:
        page = stack.pagination(page["pagination_token"])
        found += len(page["items"])
    return {"seconds": time.perf_counter() - begun, "items": found, "peak_kib": peak_kib()}


def peak_kib():
    with open("/proc/self/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    raise RuntimeError("no VmHWM")


def main():
    token = None
    for line in sys.stdin:
        what = json.loads(line)["do"]
        try:
            if what == "init":
                answer = everything(lambda stack: stack.sync_init())
                token = answer["token"]
            elif what == "delta":
                answer = everything(lambda stack: stack.sync_token(token))
                token = answer["token"]
            else:
                answer = count()
        except Exception as error:  # told to whoever asked
            answer = {"error": repr(error)}
        print(json.dumps(answer), flush=True)


main()
