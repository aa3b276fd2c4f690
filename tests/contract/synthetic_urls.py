"""A synthetic API of 84 operations: fourteen resources with six operations each."""

from django.contrib.auth.models import User
from django.urls import include, path
from rest_framework import permissions, serializers, viewsets
from rest_framework.authentication import BasicAuthentication, SessionAuthentication
from rest_framework.filters import SearchFilter
from rest_framework.pagination import PageNumberPagination
from rest_framework.routers import DefaultRouter

from django_apierrors.exceptions import ResourceConflict

RESOURCES = ("account", "address", "card", "charge", "coupon", "customer", "invoice", "order", "payout", "plan")
RESOURCES += ("price", "product", "refund", "subscription")
router = DefaultRouter()


class Pages(PageNumberPagination):
    page_size = 20


def view_set(name):
    fields = {
        "id": serializers.IntegerField(read_only=True),
        "name": serializers.CharField(max_length=100, help_text=f"What the {name} is called."),
        "email": serializers.EmailField(required=False),
        "amount": serializers.DecimalField(max_digits=10, decimal_places=2),
        "currency": serializers.CharField(max_length=3),
        "created_at": serializers.DateTimeField(read_only=True),
    }
    serializer = type(f"{name.title()}Serializer", (serializers.Serializer,), fields)

    class ViewSet(viewsets.ModelViewSet):
        queryset = User.objects.order_by("pk")
        serializer_class = serializer
        pagination_class = Pages
        authentication_classes = [SessionAuthentication, BasicAuthentication]
        filter_backends = [SearchFilter] if name < "d" else []
        permission_classes = [permissions.IsAuthenticated if name < "p" else permissions.DjangoModelPermissions]

        def perform_update(self, serializer):
            if serializer.instance.is_superuser:
                raise ResourceConflict
            serializer.save()

    return type(f"{name.title()}ViewSet", (ViewSet,), {"__doc__": f"Every {name} of the API."})


for resource in RESOURCES:
    router.register(f"{resource}s", view_set(resource), resource)

urlpatterns = [path("api/", include(router.urls))]
