"""The API: DRF views, a plain Django view, an async one, and one that fails."""

import csv
import hashlib
import logging

from django.conf import settings
from django.db.models import Q
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET
from rest_framework import mixins, viewsets
from rest_framework.decorators import action, api_view, permission_classes
from rest_framework.generics import RetrieveAPIView
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.response import Response

from django_apierrors.exceptions import ApiError, AuthKeyNotFound, ParamNotFound, ResourceConflict, ResourceNotFound
from django_apierrors.maintenance import maintenance_exempt
from django_apierrors.parsers import MultiPartParser
from django_apierrors.ratelimit import RatelimitThrottle

from . import rates, sample, tour, transfers
from .authentication import BearerAuthentication, MayTransfer
from .models import Account, Transfer
from .serializers import (
    AccountSerializer,
    PayeeSerializer,
    ReceiptSerializer,
    SettlementSerializer,
    TransferSerializer,
)

logger = logging.getLogger(__name__)


class AccountViewSet(mixins.DestroyModelMixin, viewsets.ReadOnlyModelViewSet):
    queryset = Account.objects.all()
    serializer_class = AccountSerializer
    lookup_field = "number"

    def get_queryset(self):
        return super().get_queryset().filter(owner=self.request.user)

    def perform_destroy(self, account):
        if account.balance:
            raise ResourceConflict(message="An account can be closed when it is empty.")
        account.delete()  # a ProtectedError, if there ever was a transfer, is a 409 as well


class TransferViewSet(mixins.CreateModelMixin, viewsets.ReadOnlyModelViewSet):
    queryset = Transfer.objects.select_related("source", "target").prefetch_related("items")
    serializer_class = TransferSerializer
    permission_classes = [IsAuthenticated, MayTransfer]

    def get_queryset(self):
        return super().get_queryset().filter(created_by=self.request.user)

    def create(self, request, *args, **kwargs):
        """Move money. A retry with the same ``Idempotency-Key`` finds the first transfer again."""
        key = request.headers.get("Idempotency-Key", "")
        if len(key) > 64:
            raise ApiError("INVALID_REQUEST", "Idempotency-Key may hold 64 characters at most.")
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        transfer, is_new = transfers.execute(request.user, **serializer.validated_data, idempotency_key=key)
        return Response(self.get_serializer(transfer).data, status=201 if is_new else 200)

    @action(detail=True, methods=["post"], parser_classes=[MultiPartParser], serializer_class=ReceiptSerializer)
    def receipt(self, request, **kwargs):
        """Take a file and keep its fingerprint; errors that a view *returns* are structured too."""
        transfer = self.get_object()
        serializer = self.get_serializer(data=request.data)
        if not serializer.is_valid():
            return Response(serializer.errors, status=400)
        file = serializer.validated_data["file"]
        if file.size > settings.RECEIPT_MAX_SIZE:
            sizes = {"size": file.size, "max_size": settings.RECEIPT_MAX_SIZE}
            raise ApiError("PAYLOAD_TOO_LARGE", details=sizes)
        transfer.receipt_sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        transfer.save(update_fields=["receipt_sha256"])
        return Response({"name": file.name, "size": file.size, "sha256": transfer.receipt_sha256}, status=201)


class PayeeView(RetrieveAPIView):
    """Whose account is it? Limited, lest somebody tries all the numbers."""

    queryset = Account.objects.select_related("owner")
    serializer_class = PayeeSerializer
    lookup_field = "number"
    throttle_classes = [RatelimitThrottle]
    throttle_scope = "payees"


@api_view(["GET"])
@permission_classes([AllowAny])
def failure(request):
    """Fail as views do fail: the words of the exception are for the log, never for the client."""
    raise RuntimeError("The database password is swordfish.")


@maintenance_exempt
@api_view(["POST"])
def settlement(request):
    """The bank reports that a transfer has arrived, and only once: maintenance must not keep it out."""
    serializer = SettlementSerializer(data=request.data)
    serializer.is_valid(raise_exception=True)
    logger.info("Settled: %r", serializer.validated_data["reference"])
    return Response(serializer.data, status=202)


@require_GET
def statement(request, number):
    """A plain Django view: the transfers of an account as CSV."""
    credentials = BearerAuthentication().authenticate(request)
    if credentials is None:
        raise AuthKeyNotFound()
    account = get_object_or_404(Account, owner=credentials[0], number=number)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    rows = csv.writer(response)
    rows.writerow(["date", "from", "to", "amount", "currency"])
    involved = Transfer.objects.filter(Q(source=account) | Q(target=account)).select_related("source", "target")
    for transfer in involved:
        rows.writerow(
            [f"{transfer.created_at:%Y-%m-%d}", transfer.source, transfer.target, transfer.total, account.currency]
        )
    return response


@require_GET
async def rate(request):
    """An async view: ``?currency=USD``."""
    currency = request.GET.get("currency")
    if not currency:
        raise ParamNotFound("currency")
    price = await rates.rate_of(currency)
    if price is None:
        raise ResourceNotFound()
    return JsonResponse({"EUR": "1", currency: price})


def home(request):
    """The website: what there is to try."""
    base = request.build_absolute_uri("/").rstrip("/")
    tries = [(step, step.curl(base)) for step in tour.STEPS]
    context = {"base": base, "tries": tries, "sample": sample, "exempt": tour.EXEMPT.curl(base)}
    return render(request, "payments/home.html", context)
