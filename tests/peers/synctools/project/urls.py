"""What is served: pictures, and the synctool's routes where its server side
runs as it is (up to Django 2.2; there `Route.app` always fails)."""

import django
from django.apps import apps
from django.conf import settings
from django.views.static import serve


from django.urls import re_path

urlpatterns = [
    re_path(r"^media/(?P<path>.*)$", serve, {"document_root": settings.MEDIA_ROOT}),
]


def models_of(label):
    """As `Route.app` has them: in the order of their declaration, by key."""
    for model in apps.get_app_config(label).get_models():
        if not model._meta.proxy:
            yield model._default_manager.order_by(model._meta.pk.name)


if django.VERSION < (3, 0):
    from django.conf.urls import include
    from synctool.routing import Route

    route = Route()

    @route.queryset("all")
    def everything():
        return [rows for label in ("catalog", "knots") for rows in models_of(label)]

    @route.queryset("app/(?P<label>[a-z]+)")
    def app(label):
        return list(models_of(label))

    @route.queryset("model/(?P<label>[a-z]+)/(?P<name>[a-z]+)")
    def one_model(label, name):
        return apps.get_model(label, name)._default_manager.order_by("pk")

    @route.queryset("big/(?P<first>[0-9]+)")
    def big(first):
        """The groups, and so many of the items."""
        groups = apps.get_model("big", "biggroup").objects.order_by("pk")
        items = apps.get_model("big", "bigitem").objects.order_by("pk")
        return groups, items[: int(first)]

    @route.queryset("nothing")
    def nothing():
        return []

    urlpatterns.append(re_path("^sync/", include(route.urlpatterns)))
