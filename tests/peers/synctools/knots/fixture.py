"""Rows that hold one another."""

from django.db import transaction

from . import models


def fill():
    # The child comes first.
    with transaction.atomic():
        models.Node.objects.create(pk=5, name="child", parent_id=10)
        models.Node.objects.create(pk=7, name="its own parent", parent_id=7)
        models.Node.objects.create(pk=10, name="root")
        models.Hen.objects.create(pk=1, egg_id=2)
        models.Hen.objects.create(pk=2, egg_id=1)
        models.Egg.objects.create(pk=1, hen_id=1)
        models.Egg.objects.create(pk=2, hen_id=2)
    people = [
        models.Person.objects.create(name="Person %d" % number) for number in range(1, 6)
    ]
    people[0].friends.set(people[1:4])
    people[4].friends.set([people[4], people[3]])
    people[0].follows.set(people)
    people[3].follows.set(people[:2])
    for number in range(1, 5):
        models.Seat.objects.create(pk=number, number=number, holder="Holder %d" % number)
