"""Many rows, for measuring."""

from django.db import models


class BigGroup(models.Model):
    name = models.CharField(max_length=100)


class BigItem(models.Model):
    group = models.ForeignKey(BigGroup, models.CASCADE)
    name = models.CharField(max_length=100)
    body = models.TextField()
    price = models.DecimalField(max_digits=12, decimal_places=2)
    score = models.FloatField()
    active = models.BooleanField(default=True)
    created = models.DateTimeField()
    note = models.CharField(max_length=50, null=True)
