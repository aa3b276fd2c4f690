"""One limit in the places where a project would put it."""

from django.http import HttpResponse
from django.urls import path
from rest_framework.response import Response
from rest_framework.views import APIView

from django_apierrors.ratelimit import RatelimitThrottle, ratelimit


def plain(request):
    return HttpResponse("fine")


async def asynchronous(request):
    return HttpResponse("fine")


class Throttled(APIView):
    throttle_classes = [RatelimitThrottle.of("client")]

    def get(self, request):
        return Response("fine")


urlpatterns = [
    path("api/free", asynchronous),
    path("api/plain", ratelimit(policy="client")(plain)),
    path("api/async", ratelimit(policy="client")(asynchronous)),
    path("api/throttle", Throttled.as_view()),
    path("api/closed", ratelimit(policy="closed")(plain)),
    path("api/closed/async", ratelimit(policy="closed")(asynchronous)),
    path("api/moment", ratelimit(policy="moment")(plain)),
]
