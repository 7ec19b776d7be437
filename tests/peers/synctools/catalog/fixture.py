"""Rows for every model of the app, the awkward values among them."""

import uuid
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal

import django
from django.contrib.contenttypes.models import ContentType

from . import models

WHEN = datetime(2021, 1, 1, tzinfo=timezone.utc)


def text_of_everything():
    """Control characters, quotes, what JSON escapes and what it may not."""
    below = "".join(chr(code) for code in range(1, 32))
    return below + "\"\\/\x7f\x80é€\u2028\u2029😀\ufeff end"


def kinds():
    rows = [
        # Nothing but what must be.
        dict(),
        # The empty, zero and false ones.
        dict(
            big=0, binary=b"", maybe=False, boolean=False, char="", commas="",
            decimal=Decimal(0), whole=Decimal(0), duration=timedelta(0), file="", path="",
            float=0.0, image="", integer=0, positive=0, small=0, positive_small=0, slug="",
            text="", time=time(0), url="", date=date(1, 1, 1),
            moment=datetime(1, 1, 2, tzinfo=timezone.utc),
            uuid=uuid.UUID(int=0), address="0.0.0.0", json=[],
        ),
        # The largest.
        dict(
            big=2**63 - 1, binary=bytes(range(256)), maybe=True, char="é" * 300,
            decimal=Decimal("99999999999.9999"), whole=Decimal(9999999999),
            duration=timedelta(days=400, seconds=59), email="a" * 60 + "@example.org",
            file="files/ü b.pdf", path="/usr/share", float=1.7976931348623157e308,
            image="images/#1 100%?.png", integer=2**31 - 1, positive=2**31 - 1,
            small=2**15 - 1, positive_small=2**15 - 1, slug="a-b_c",
            text=text_of_everything(), time=time(23, 59, 59, 999000),
            url="http://example.org/?a=b&c#d", date=date(9999, 12, 31),
            moment=datetime(9999, 12, 31, 23, 59, 59, 999000, tzinfo=timezone.utc),
            uuid=uuid.UUID(int=2**128 - 1), address="ffff:ffff::1",
            json={"a": [1, 2.5, "é", None, {"b": {}}], "": "😀", "big": 2**63 - 1},
        ),
        # The smallest.
        dict(
            big=-(2**63), decimal=Decimal("-0.0001"), whole=Decimal(-1),
            duration=timedelta(days=-1, hours=2, microseconds=4), float=5e-324,
            integer=-(2**31), small=-(2**15), json="text", address="::",
            moment=datetime(1969, 12, 31, 23, 59, 59, 1000, tzinfo=timezone.utc),
        ),
        # Floats as Python writes them; fractions of seconds that are lost on the way.
        dict(float=1e-07, duration=timedelta(microseconds=500000), time=time(1, 2, 3, 999),
             moment=WHEN.replace(microsecond=678901), json=False),
        dict(float=1e22, duration=timedelta(seconds=-1), time=time(1, 2, 3, 4567),
             moment=WHEN.replace(microsecond=999), json=0),
        dict(float=1e16, moment=WHEN.replace(microsecond=999999), json=1.5),
        dict(float=123456789012345.6, json={"nested": {"deep": [[[1]]]}}),
        dict(float=0.0001, text="<script>&amp;</script>"),
        dict(float=0.12380196114964559, text="a" * 5000),
        dict(float=-0.0, text="\t \n \r\n "),
        dict(float=0.1 + 0.2, text="[]"),
    ]
    for number, row in enumerate(rows, start=1):
        if django.VERSION < (3, 1):
            row.pop("json", None)
        models.Kinds.objects.create(
            pk=number, auto_now=WHEN + timedelta(milliseconds=number - 1), **row
        )


def relations():
    genres = [models.Genre.objects.create(slug="genre-%d" % n) for n in range(1, 6)]
    artists = [
        models.Artist.objects.create(
            pk=uuid.UUID(int=0xA0 + n),
            name="Artist %d é" % n,
            portrait="" if n == 3 else "portraits/a b%d.png" % n,
        )
        for n in range(4)
    ]
    for artist in artists[:2]:
        models.Passport.objects.create(artist=artist, country="DE")
    for n in range(1, 7):
        album = models.Album.objects.create(
            title="Album %d" % n,
            cover="covers/2020/%d ä#?%%.png" % n if n % 2 else "",
            artist=artists[n % 4] if n != 5 else None,
        )
        album.genres.set(genres[: n - 1])
        for artist in artists[: n % 3]:
            models.Credit.objects.create(
                artist=artist, album=album, role="voice", since=date(2000 + n, 1, 1)
            )
        for position in range(1, 4):
            models.Track.objects.create(
                pk=2**40 + 10 * n + position,
                album=album,
                position=position,
                title="Track %d" % position,
            )
    shelf = models.Shelf.objects.create(genre=genres[1], label="left")
    models.Shelf.objects.create(genre=genres[0], label="right")
    old = models.Legacy.objects.create(code="a/b c", amount=-5, shelf=shelf, former=77)
    old.genres.set(genres[2:4])
    models.Legacy.objects.create(code="é", amount=7)

    models.Venue.objects.create(name="A venue", opened=date(1900, 2, 28))
    models.Hall.objects.create(name="A hall", seats=300)
    opera = models.Opera.objects.create(name="An opera", seats=2000, plan="plans/one.png")
    opera.repertoire.set(models.Album.objects.filter(pk__lte=3))
    models.Note.objects.create(
        content_type=ContentType.objects.get_for_model(models.Album),
        object_id=1,
        text="Of an album",
    )


def fill():
    kinds()
    relations()
