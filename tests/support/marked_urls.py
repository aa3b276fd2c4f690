"""Marks on what a URLconf holds, for the schema of drf-spectacular; imported when its schema class is set."""

from django.urls import path
from drf_spectacular.extensions import OpenApiViewExtension
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.decorators import api_view
from rest_framework.response import Response

from django_apierrors.maintenance import maintenance_exempt
from django_apierrors.ratelimit import ratelimit


class Item(generics.GenericAPIView):
    serializer_class = serializers.Serializer

    def get(self, request):
        """Answer nothing."""


class Limited(Item):
    """A view that an extension describes by a subclass."""


class Fixed(OpenApiViewExtension):
    target_class = Limited

    def view_replacement(self):
        return type("Replacement", (self.target_class,), {})


@maintenance_exempt
@extend_schema(responses=serializers.Serializer)
@api_view(["GET"])
def exempt(request):
    return Response()


def limited(view):
    return ratelimit(key="ip", rate="1/m")(view.as_view())


urlpatterns = [
    path("api/limited/", limited(Item)),
    path("api/replaced/", limited(Limited)),
    path("api/free/", exempt),
]
