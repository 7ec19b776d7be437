"""Simperium3, told line by line what to call.

`{"on": "auth" | "bucket" | "user" | "admin", "call", "args", "kwargs"}`, with
`token`, `bucket` and `userid` where they belong, is answered with the result of
the call, or with `{"raised", "status"}`. The hosts are in the environment, as
the client reads them.
"""

import json
import sys

import requests
from simperium.core import Admin, Api, Auth


def target(request):
    if request["on"] == "auth":
        return Auth("chalk-app-1", "key", scheme="http")
    if request["on"] == "admin":
        # Not Admin itself: its attributes lead back to themselves for ever.
        admin = Admin("chalk-app-1", request["token"], scheme="http")
        api = admin.as_user(request["userid"])
    else:
        api = Api("chalk-app-1", request["token"], scheme="http")
    if request["on"] == "user":
        return api.spuser
    return api[request["bucket"]]


def call(request):
    method = getattr(target(request), request["call"])
    try:
        return method(*request.get("args", []), **request.get("kwargs", {}))
    except requests.RequestException as error:
        status = None if error.response is None else error.response.status_code
        return {"raised": type(error).__name__, "status": status}


for line in sys.stdin:
    print(json.dumps(call(json.loads(line))), flush=True)
