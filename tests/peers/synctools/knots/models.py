"""What the Python client cannot load in any order, for it writes row by row."""

from django.db import models


class Node(models.Model):
    name = models.CharField(max_length=50)
    parent = models.ForeignKey("self", models.CASCADE, null=True)


class Hen(models.Model):
    """Neither can be there before the other."""

    egg = models.ForeignKey("Egg", models.CASCADE)


class Egg(models.Model):
    hen = models.ForeignKey(Hen, models.CASCADE)


class Person(models.Model):
    name = models.CharField(max_length=50)
    friends = models.ManyToManyField("self")
    follows = models.ManyToManyField(
        "self", symmetrical=False, related_name="followers"
    )


class Seat(models.Model):
    number = models.IntegerField(unique=True)
    holder = models.CharField(max_length=50)
