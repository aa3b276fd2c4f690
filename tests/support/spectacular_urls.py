"""An API in three versions, for the schema of drf-spectacular; imported when its schema class is set."""

from django.urls import include, path
from drf_spectacular.utils import extend_schema
from rest_framework import permissions, serializers, viewsets
from rest_framework.decorators import api_view
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.views import APIView

from django_apierrors.exceptions import ApiError
from django_apierrors.maintenance import maintenance_exempt


class Item(serializers.Serializer):
    name = serializers.CharField()


class Items(viewsets.ViewSet):
    authentication_classes = []
    serializer_class = Item

    def list(self, request):
        raise ApiError("GONE")

    def create(self, request):
        return Response()

    @extend_schema(responses={200: Item, 404: Item})
    def retrieve(self, request, pk):
        return Response()


class Failing(APIView):
    authentication_classes = []
    permission_classes = [permissions.IsAdminUser]
    serializer_class = Item

    def get_permissions(self):
        return [self.kwargs["tenant"]]

    def get(self, request):
        raise ApiError(request.GET["code"])


@maintenance_exempt
@extend_schema(responses=Item)
@api_view(["GET"])
def exempt(request):
    return Response()


@extend_schema(exclude=True)
@api_view(["GET"])
def excluded(request):
    return Response()


router = SimpleRouter()
router.register("items", Items, "item")
api = [path("", include(router.urls)), path("exempt/", exempt), path("excluded/", excluded)]
urlpatterns = [
    path("api/v1/", include((api, "v1"))),
    path("api/v2/", include((api, "v2"))),
    path("api/old/", include((api, "old"))),
    path("api/failing/", Failing.as_view()),
]
