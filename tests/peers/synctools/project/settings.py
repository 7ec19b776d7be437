"""A Django project for tests: what differs from run to run is in the environment.

SITE_DATABASE  the path of a SQLite file, or a URL postgresql://user@folder/name
SITE_MEDIA     the folder of uploaded files
SITE_TOKEN     what a client has to know
"""

import os
from urllib.parse import unquote, urlsplit


def database(place):
    if not place.startswith("postgresql://"):
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": place}
    url = urlsplit(place)
    user, _, host = url.netloc.rpartition("@")
    host, _, port = unquote(host).partition(":")
    user, _, password = user.partition(":")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": url.path.lstrip("/"),
        "USER": unquote(user),
        "PASSWORD": unquote(password),
        "HOST": host,
        "PORT": port,
    }


DATABASES = {"default": database(os.environ["SITE_DATABASE"])}
MEDIA_ROOT = os.environ["SITE_MEDIA"]
MEDIA_URL = "/media/"
SYNCTOOL_API_TOKEN = os.environ.get("SITE_TOKEN", "open sesame")

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "catalog",
    "knots",
    "big",
    "names",
]
if DATABASES["default"]["ENGINE"].endswith("postgresql"):
    INSTALLED_APPS.append("django.contrib.postgres")
    INSTALLED_APPS.append("lists")

# Made like the others, together with them: they refer to it.
MIGRATION_MODULES = {"contenttypes": None}

SECRET_KEY = "nothing here is secret"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "project.urls"
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
# Pictures are served and stored here, never looked at: no Pillow.
SILENCED_SYSTEM_CHECKS = ["fields.E210"]
