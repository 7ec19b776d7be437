"""One model for each thing that a field or a relation can be; what the Python
client is able to load, if it only comes in the right order. What it cannot is
in `knots`."""

import uuid

import django
from django.contrib.contenttypes.models import ContentType
from django.db import models

if django.VERSION >= (3, 1):
    NullBoolean = models.BooleanField
else:
    NullBoolean = models.NullBooleanField


class Kinds(models.Model):
    """A field of every kind, all of them nullable but those without `null`."""

    auto_now = models.DateTimeField()
    big = models.BigIntegerField(null=True)
    binary = models.BinaryField(null=True)
    boolean = models.BooleanField(default=True)
    maybe = NullBoolean(null=True)
    char = models.CharField(max_length=300, null=True)
    commas = models.CharField(max_length=50, default="1,2")
    date = models.DateField(null=True)
    moment = models.DateTimeField(null=True)
    decimal = models.DecimalField(max_digits=15, decimal_places=4, null=True)
    whole = models.DecimalField(max_digits=10, decimal_places=0, null=True)
    duration = models.DurationField(null=True)
    email = models.EmailField(default="")
    file = models.FileField(null=True)
    path = models.FilePathField(null=True)
    float = models.FloatField(null=True)
    address = models.GenericIPAddressField(null=True)
    image = models.ImageField(null=True)
    integer = models.IntegerField(null=True)
    positive = models.PositiveIntegerField(null=True)
    small = models.SmallIntegerField(null=True)
    positive_small = models.PositiveSmallIntegerField(null=True)
    slug = models.SlugField(null=True)
    text = models.TextField(null=True)
    time = models.TimeField(null=True)
    url = models.URLField(null=True)
    uuid = models.UUIDField(null=True)
    if django.VERSION >= (3, 1):
        json = models.JSONField(null=True)


class Credit(models.Model):
    """The model of a relation, declared before both of its ends."""

    artist = models.ForeignKey("Artist", models.CASCADE)
    album = models.ForeignKey("Album", models.CASCADE)
    role = models.CharField(max_length=20)
    since = models.DateField()


class Track(models.Model):
    """A child declared before its parent, with a key of 64 bits."""

    id = models.BigAutoField(primary_key=True)
    album = models.ForeignKey("Album", models.CASCADE)
    position = models.PositiveIntegerField()
    title = models.CharField(max_length=100)

    class Meta:
        unique_together = [("album", "position")]


class Album(models.Model):
    title = models.CharField(max_length=100)
    cover = models.ImageField(upload_to="covers/%Y", blank=True)
    artist = models.ForeignKey("Artist", models.SET_NULL, null=True)
    genres = models.ManyToManyField("Genre")
    credits = models.ManyToManyField("Artist", through=Credit, related_name="albums")


class Artist(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=100)
    portrait = models.ImageField(upload_to="portraits", blank=True)


class Passport(models.Model):
    """Its key is a relation."""

    artist = models.OneToOneField(Artist, models.CASCADE, primary_key=True)
    country = models.CharField(max_length=2)


class Genre(models.Model):
    slug = models.SlugField(unique=True)


class Shelf(models.Model):
    """Refers to something that is no primary key, in a column of its own name."""

    genre = models.ForeignKey(
        Genre, models.CASCADE, to_field="slug", db_column="genre_slug"
    )
    label = models.CharField(max_length=20)


class Legacy(models.Model):
    """Tables and columns as somebody once called them."""

    code = models.CharField(max_length=20, primary_key=True, db_column="LEG CODE")
    amount = models.IntegerField(db_column="odd-name")
    shelf = models.ForeignKey(Shelf, models.CASCADE, null=True, db_column="shelf")
    # The column that the relation would have had.
    former = models.IntegerField(db_column="shelf_id", default=0)
    genres = models.ManyToManyField(Genre, db_table="OLD_Stock_Genres")

    class Meta:
        db_table = "OLD Stock"


class Venue(models.Model):
    name = models.CharField(max_length=50)
    opened = models.DateField(null=True)


class Hall(Venue):
    """A child in a table of its own."""

    seats = models.IntegerField()


class Opera(Hall):
    """A grandchild, with pictures."""

    plan = models.ImageField(upload_to="plans", blank=True)
    repertoire = models.ManyToManyField(Album)


class VenueByName(Venue):
    class Meta:
        proxy = True
        ordering = ["name"]


class Note(models.Model):
    """About a row of any model."""

    content_type = models.ForeignKey(ContentType, models.CASCADE)
    object_id = models.PositiveIntegerField()
    text = models.TextField()


class Untouched(models.Model):
    """Has no rows."""

    number = models.IntegerField()
