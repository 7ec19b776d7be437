"""Rows that are known by other fields than their keys."""

from django.db import models


class CountryManager(models.Manager):
    def get_by_natural_key(self, code):
        return self.get(code=code)


class Country(models.Model):
    code = models.CharField(max_length=2, unique=True)
    name = models.CharField(max_length=50, default="nowhere")
    capital = models.ForeignKey("City", models.SET_NULL, null=True, related_name="+")

    objects = CountryManager()

    def natural_key(self):
        return (self.code,)


class CityManager(models.Manager):
    def get_by_natural_key(self, name, code):
        return self.get(name=name, country__code=code)


class City(models.Model):
    name = models.CharField(max_length=50)
    country = models.ForeignKey(Country, models.CASCADE)

    objects = CityManager()

    def natural_key(self):
        return (self.name,) + self.country.natural_key()

    natural_key.dependencies = ["names.country"]


class StreetManager(models.Manager):
    def get_by_natural_key(self, name, city_id):
        return self.get(name=name, city_id=city_id)


class Street(models.Model):
    name = models.CharField(max_length=50)
    city = models.ForeignKey(City, models.CASCADE)

    objects = StreetManager()

    class Meta:
        unique_together = [("name", "city")]

    def natural_key(self):
        return (self.name, self.city_id)


class Walk(models.Model):
    start = models.ForeignKey(Street, models.CASCADE)
    country = models.ForeignKey(Country, models.CASCADE, to_field="code", null=True)
    cities = models.ManyToManyField(City)


class NickManager(models.Manager):
    def get_by_natural_key(self, nick):
        return self.get(nick__iexact=nick)


class Nick(models.Model):
    """Its natural key is made of a field, and is none."""

    nick = models.CharField(max_length=50)

    objects = NickManager()

    def natural_key(self):
        return (self.nick.lower(),)


class Secret(models.Model):
    """Nobody can tell what its natural key is."""

    value = models.CharField(max_length=50)

    objects = NickManager()

    def natural_key(self):
        return ("?", self.value[::-1])
