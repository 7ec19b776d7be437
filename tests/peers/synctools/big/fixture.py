"""As many rows as wanted, the same ones every time."""

import random
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from django.db import transaction

from .models import BigGroup, BigItem

WORDS = "lorem ipsum dolor sit amet \"consectetur\" adipiscing élit\nsed do 東京 eiusmod".split(" ")
START = datetime(2015, 1, 1, tzinfo=timezone.utc)


def item(number, chance):
    words = [WORDS[chance.randrange(len(WORDS))] for _ in range(12)]
    body = " ".join(words)[: chance.randrange(20, 150)].ljust(20, ".")
    return BigItem(
        pk=number,
        group_id=1 + number % 100,
        name="Item number %d" % number,
        body=body,
        price=Decimal(chance.randrange(10**9)) / 100,
        score=chance.random(),
        active=number % 3 != 0,
        created=START + timedelta(milliseconds=chance.randrange(10**11)),
        note=None if number % 2 else "note %d" % number,
    )


def fill(rows):
    chance = random.Random(7)
    with transaction.atomic():
        BigGroup.objects.bulk_create(
            BigGroup(pk=number, name="Group %d" % number) for number in range(1, 101)
        )
        for first in range(1, rows + 1, 10000):
            last = min(first + 10000, rows + 1)
            BigItem.objects.bulk_create(
                [item(number, chance) for number in range(first, last)]
            )
