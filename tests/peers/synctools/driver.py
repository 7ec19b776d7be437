"""Does what it is told with the project's database: reads lines of JSON from
standard input, each with `do` and what that takes, and answers each with one.

The environment names the database; see `project/settings.py`.
"""

import importlib
import json
import os
import sys
from datetime import datetime, time

os.environ["DJANGO_SETTINGS_MODULE"] = "project.settings"
os.environ.setdefault("SYNCTOOL_VERBOSITY", "0")
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import django  # noqa: E402

django.setup()

from django.apps import apps  # noqa: E402
from django.core import serializers  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.db.models import FileField  # noqa: E402


def migrate():
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS hstore")
        from django.contrib.postgres import signals

        # The next connection is to look for the type again.
        signals.get_hstore_oids.cache_clear()
        connection.close()
    call_command("migrate", run_syncdb=True, verbosity=0)


def fill(app, **options):
    importlib.import_module(app + ".fixture").fill(**options)


def sql(statements):
    """Answers with the rows of the last one."""
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return [list(map(repr, row)) for row in cursor.fetchall()] if cursor.description else None


def as_sent(field, value):
    """What is left of a value that has been on the wire."""
    if value is None and isinstance(field, FileField):
        return ""
    if isinstance(value, (datetime, time)):
        return value.replace(microsecond=value.microsecond // 1000 * 1000)
    return value


def shown(value):
    if isinstance(value, memoryview):
        value = bytes(value)
    if isinstance(value, datetime):
        return value.isoformat()  # UTC has other names elsewhere
    if isinstance(value, (dict, list)):
        return json.dumps(value, sort_keys=True)  # PostgreSQL has its own order
    return repr(value)


def rows(apps_of, sent=False):
    """All that is stored, value by value as Django reads it: by model, then by
    key. Relations of many to many are pairs, for their own keys are nobody's."""
    answer = {}
    for label in apps_of:
        for model in apps.get_app_config(label).get_models():
            meta = model._meta
            if meta.proxy:
                continue
            fields = meta.local_fields
            names = [field.attname for field in fields]
            found = {}
            for values in model._base_manager.order_by("pk").values_list(*names):
                pairs = zip(fields, values)
                if sent:
                    pairs = [(field, as_sent(field, value)) for field, value in pairs]
                row = {field.attname: shown(value) for field, value in pairs}
                found[row[meta.pk.attname]] = row
            answer[meta.label_lower] = found
            for field in meta.local_many_to_many:
                through = field.remote_field.through
                if through._meta.auto_created:
                    ends = [field.m2m_column_name(), field.m2m_reverse_name()]
                    by_column = {f.column: f.attname for f in through._meta.local_fields}
                    ends = [by_column[end] for end in ends]
                    pairs = through._base_manager.values_list(*ends)
                    answer[meta.label_lower + "." + field.name] = sorted(
                        list(map(shown, pair)) for pair in pairs
                    )
    return answer


def contents():
    """Everything there is, as the database itself shows it: by table, in no
    order but that of its text; and how far keys have been given out, where that
    is part of a transaction."""
    quote = connection.ops.quote_name
    answer = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute("SELECT * FROM %s" % quote(table))
            columns = [column[0] for column in cursor.description]
            if connection.vendor == "sqlite":
                types = ", ".join("typeof(%s)" % quote(column) for column in columns)
                cursor.execute("SELECT *, %s FROM %s" % (types, quote(table)))
            answer[table] = sorted([shown(v) for v in row] for row in cursor.fetchall())
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name, seq FROM sqlite_sequence WHERE seq > 0")
            counters = [[shown(v) for v in row] for row in cursor.fetchall()]
            answer["keys given out"] = sorted(counters)
    return answer


def serialize(apps_of, to):
    """What `Route.app` would answer: by model as declared, by key."""

    def objects():
        for label in apps_of:
            for model in apps.get_app_config(label).get_models():
                if not model._meta.proxy:
                    key = model._meta.pk.name
                    yield from model._default_manager.order_by(key).iterator()

    with open(to, "w", encoding="utf-8", newline="") as out:
        out.write(serializers.serialize("json", objects()))


def dumpdata(label, to):
    with open(to, "w", encoding="utf-8", newline="") as out:
        call_command("dumpdata", label, stdout=out)
    # The command ends what it prints with a line feed.
    with open(to, encoding="utf-8", newline="") as written:
        text = written.read()
    with open(to, "w", encoding="utf-8", newline="") as out:
        out.write(text[:-1] if text.endswith("\n") else text)


def loaddata(path):
    call_command("loaddata", path, verbosity=0)


def take(objects):
    """Saves each object as the synctool's client does it, by itself; why not, for
    those that are refused."""
    results = []
    with transaction.atomic():
        for text in objects:
            results.append(take_one(text))
    return results


def take_one(text):
    try:
        with transaction.atomic():
            for row in serializers.deserialize("json", "[%s]" % text):
                row.save()
    except Exception as error:
        why = "%s: %s" % (type(error).__name__, error)
        return why.encode("ascii", "backslashreplace").decode("ascii")


def create(model, values):
    """A row without a key; what key it got."""
    return apps.get_model(model).objects.create(**values).pk


def sync(path, url, token, media_url=None, **options):
    from synctool.client import Client

    Client(api_token=token, api_url=url, media_url=media_url).sync(path, **options)


def images(url, model, field):
    from synctool.client import Client

    Client("unused", "unused", url).images(apps.get_model(model).objects.all(), field)


def check():
    connection.check_constraints()


COMMANDS = {
    command.__name__: command
    for command in (
        migrate, fill, sql, rows, contents, serialize, dumpdata, loaddata, take, create, sync,
        images, check,
    )
}


def main():
    out = sys.stdout
    # What the synctool and Django print is no answer.
    sys.stdout = sys.stderr
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"ok": COMMANDS[request.pop("do")](**request)}
        except Exception as error:  # All of it is for the test to judge.
            answer = {"error": "%s: %s" % (type(error).__name__, error)}
        # Whoever asked may copy the database, or put another in its place.
        connection.close()
        out.write(json.dumps(answer) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
