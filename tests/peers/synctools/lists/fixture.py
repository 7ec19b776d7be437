"""Arrays and pairs."""

from .models import Lists


def fill():
    Lists.objects.create()
    Lists.objects.create(numbers=[], grid=[], pairs={})
    Lists.objects.create(
        numbers=[1, None, -(2**31)],
        names=["a", "é \"'\\,{}", "", "NULL"],
        grid=[[1, 2], [3, 4]],
        pairs={"a": "b", "é": None, "\"'\\": "=>"},
    )
