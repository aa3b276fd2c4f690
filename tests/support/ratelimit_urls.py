"""One limit in the places where a project would put it."""

from django.http import HttpResponse
from django.urls import path
from rest_framework.response import Response
from rest_framework.views import APIView

from django_apierrors.ratelimit import RatelimitThrottle, ratelimit


def fine(request):
    return HttpResponse("fine")


async def fine_async(request):
    return HttpResponse("fine")


class Throttled(APIView):
    throttle_classes = [RatelimitThrottle.of("hundred")]

    def get(self, request):
        return Response("fine")


urlpatterns = [
    path("api/free", fine_async),
    path("api/throttled", Throttled.as_view()),
    *(path(f"api/{policy}", ratelimit(policy=policy)(fine)) for policy in ("hundred", "three", "closed", "moment")),
    *(path(f"api/{policy}/async", ratelimit(policy=policy)(fine_async)) for policy in ("hundred", "three", "closed")),
]
