"""What only PostgreSQL has."""

from django.contrib.postgres.fields import ArrayField, HStoreField
from django.db import models


class Lists(models.Model):
    numbers = ArrayField(models.IntegerField(), null=True)
    names = ArrayField(models.CharField(max_length=20), default=list)
    grid = ArrayField(ArrayField(models.IntegerField()), null=True)
    pairs = HStoreField(null=True)
