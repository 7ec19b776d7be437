"""Prints the models of a Django project as JSON, for `Schema::from_django_json`.

Inside the project, with its own Python:

    python manage.py shell -v 0 < export_schema.py > models.json

(from Django 1.11 on), or, with arguments, which name apps or models:

    DJANGO_SETTINGS_MODULE=mysite.settings PYTHONPATH=. \\
        python export_schema.py blog auth.User > models.json

It asks the models only, never the database, and runs on Django 1.8 to 5.2 and
their Pythons.
"""
import sys


# All is in one function, since shells of old Django run this where functions
# do not see each other.
def export(arguments):
    import json
    import sys

    def start():
        """Loads the models, if that has not been done."""
        import django
        from django.apps import apps

        if not apps.ready:
            django.setup()

    def json_default(field):
        """The default as it stands in JSON, in a dict; empty if it is none that is
        always the same."""
        from django.db.models import NOT_PROVIDED

        default = field.default
        if default is NOT_PROVIDED or default is None:
            return {}
        if callable(default):
            # Of functions only those that give the same again and again.
            if default in (dict, list, bool, int, float, str):
                default = default()
            else:
                return {}
        if isinstance(default, (bool, int, float, list, dict, type(u""), str)):
            # Members of enumerations are one of these, too.
            for kind in (bool, int, float, type(u""), str):
                if isinstance(default, kind):
                    default = default.value if hasattr(default, "value") else default
                    break
            try:
                json.dumps(default)
            except (TypeError, ValueError):
                return {}
            return {"default": default}
        try:
            # Decimals, dates, durations, UUIDs: as their fields write them.
            holder = type("Holder", (), {field.attname: default})()
            return {"default": field.value_to_string(holder)}
        except Exception:
            return {}

    def describe(field, connection):
        """A field with a column."""
        from django.conf import settings
        from django.db import models

        relation = field.remote_field if hasattr(field, "remote_field") else field.rel
        info = {
            "name": field.name,
            "column": field.column,
            "type": field.get_internal_type(),
            "db_type": field.db_type(connection),
            "null": field.null,
            "on_wire": bool(field.serialize) and not field.primary_key,
        }
        if field.primary_key:
            info["primary_key"] = True
        if field.unique:
            info["unique"] = True
        if relation is not None:
            # Subclasses of relations have internal types of their own.
            one = isinstance(field, models.OneToOneField)
            info["type"] = "OneToOneField" if one else "ForeignKey"
            target = field.foreign_related_fields[0]
            info["to"] = target.model._meta.label_lower if hasattr(
                target.model._meta, "label_lower"
            ) else "%s.%s" % (target.model._meta.app_label, target.model._meta.model_name)
            info["to_table"] = target.model._meta.db_table
            info["to_field"] = target.name
            info["to_column"] = target.column
            while getattr(target, "foreign_related_fields", None):
                target = target.foreign_related_fields[0]
            info["to_type"] = target.get_internal_type()
        for name in ("max_length", "max_digits", "decimal_places"):
            if relation is None and getattr(field, name, None) is not None:
                info[name] = getattr(field, name)
        if isinstance(field, models.ImageField):
            info["image"] = True
        if getattr(field, "generated", False):
            info["generated"] = True
        if info["type"] == "DateTimeField":
            info["aware"] = bool(settings.USE_TZ)
        if getattr(field, "base_field", None) is not None:
            element = describe_element(field.base_field)
            if element:
                info["element"] = element
        info.update(json_default(field))
        return info

    def describe_element(field):
        """What an array is made of: it has no column of its own."""
        from django.conf import settings

        info = {"name": "", "column": "", "type": field.get_internal_type()}
        for name in ("max_length", "max_digits", "decimal_places"):
            if getattr(field, name, None) is not None:
                info[name] = getattr(field, name)
        if info["type"] == "DateTimeField":
            info["aware"] = bool(settings.USE_TZ)
        if getattr(field, "base_field", None) is not None:
            info["element"] = describe_element(field.base_field)
        return info

    def label(model):
        return "%s.%s" % (model._meta.app_label, model._meta.model_name)

    def describe_pairs(field):
        """A many-to-many field."""
        relation = field.remote_field if hasattr(field, "remote_field") else field.rel
        target = getattr(relation, "model", None)
        if target is None or target is field.model and not hasattr(field, "remote_field"):
            target = relation.to
        key = target._meta.pk
        info = {
            "name": field.name,
            "table": field.m2m_db_table(),
            "source_column": field.m2m_column_name(),
            "target_column": field.m2m_reverse_name(),
            "to": label(target),
            "to_table": target._meta.db_table,
            "to_column": key.column,
            "symmetrical": bool(getattr(relation, "symmetrical", False)),
            "on_wire": bool(relation.through._meta.auto_created) and bool(field.serialize),
        }
        while getattr(key, "foreign_related_fields", None):
            key = key.foreign_related_fields[0]
        info["to_type"] = key.get_internal_type()
        return info

    def natural_key(model):
        """The names of the fields by which Django looks rows up; None if it does not,
        or if they cannot be told. It has no list of them: a row whose fields all have
        values of their own is asked for its natural key."""
        manager = model._default_manager
        if not hasattr(manager, "get_by_natural_key") or not hasattr(model, "natural_key"):
            return None
        names = {}

        def probe(model, before):
            row = model()
            for field in model._meta.concrete_fields:
                relation = field.remote_field if hasattr(field, "remote_field") else field.rel
                name = before + field.name
                target = relation and field.foreign_related_fields[0].model
                if target is not None and before.count("__") < 4:
                    setattr(row, field.name, probe(target, name + "__"))
                # A text, so that what is made of it is something else.
                value = type(u"")(" A value of %s " % name)
                names[value] = name
                # Past the descriptor of a relation, which would forget its row.
                row.__dict__[field.attname] = value
            return row

        def flat(key):
            for part in key:
                if isinstance(part, (list, tuple)):
                    for inner in flat(part):
                        yield inner
                else:
                    yield part

        try:
            found = [names.get(part) for part in flat(probe(model, "").natural_key())]
        except Exception:
            found = [None]
        arguments = count_arguments(manager.get_by_natural_key)
        if not found or None in found or arguments not in (None, len(found)):
            sys.stderr.write(
                "%s: its natural key is made of something else than fields, and left out\n"
                % label(model)
            )
            return None
        return found

    def count_arguments(function):
        """How many arguments a method takes; None if that is not always the same."""
        import inspect

        if not hasattr(inspect, "signature"):
            said = inspect.getargspec(function)
            return None if said.varargs or said.keywords else len(said.args) - 1
        parameters = inspect.signature(function).parameters.values()
        if any(one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD) for one in parameters):
            return None
        return len(parameters)

    def describe_model(model, connection):
        meta = model._meta
        info = {
            "model": label(model),
            "table": meta.db_table,
            "pk": meta.pk.name,
            "parents": [
                label(parent)
                for parent, pointer in meta.parents.items()
                if pointer is not None and not meta.proxy
            ],
            "proxy_for": label(meta.concrete_model) if meta.proxy else None,
            "fields": [],
            "m2m": [],
        }
        key = natural_key(model)
        if key:
            info["natural_key"] = key
        if not meta.proxy:
            info["fields"] = [
                describe(field, connection)
                for field in meta.local_concrete_fields
            ]
            info["m2m"] = [describe_pairs(field) for field in meta.local_many_to_many]
        return info

    def main(arguments):
        start()
        from django.apps import apps
        from django.db import connection

        wanted = [argument.lower() for argument in arguments]
        found = []
        for model in apps.get_models():
            names = (model._meta.app_label.lower(), label(model).lower())
            if not wanted or any(name in wanted for name in names):
                if model._meta.managed or not wanted:
                    found.append(describe_model(model, connection))
        json.dump(found, sys.stdout, indent=1, sort_keys=True)
        sys.stdout.write("\n")

    main(arguments)


# `manage.py shell` has arguments of its own.
export([] if "shell" in sys.argv else sys.argv[1:])
