"""Views that raise or return what a test needs, one of each kind: DRF's and Django's, sync and async.

A test registers an exception (or a response) with the ``set_view`` fixture; the views raise (or
return) whatever is registered, so that a test reads as: this exception, in that view.
What a test cannot register, because the server is another process or the exchange is written
down in a file, is in ``FIXED`` and has its name in the path.
"""

from pathlib import Path

from django.http import FileResponse, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.views import View
from django.views.decorators.http import condition
from rest_framework import exceptions, serializers
from rest_framework.parsers import JSONParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from .api_errors import InsufficientBalance

#: What the views do next: a callable that takes the request and raises or returns a response.
ACTION = {"do": lambda request: HttpResponse("fine")}


def plain(request):
    return ACTION["do"](request)


async def asynchronous(request):
    return ACTION["do"](request)


class Plain(View):
    def get(self, request):
        return ACTION["do"](request)


class Drf(APIView):
    def get(self, request):
        return ACTION["do"](request)

    def post(self, request):
        return ACTION["do"](request)


class Private(APIView):
    permission_classes = [IsAuthenticated]

    def get(self, request):
        return Response({"user": str(request.user)})


class LineSerializer(serializers.Serializer):
    name = serializers.CharField(max_length=5)
    price = serializers.DecimalField(max_digits=6, decimal_places=2)


class OrderSerializer(serializers.Serializer):
    customer = serializers.CharField(max_length=10)
    email = serializers.EmailField(required=False)
    items = LineSerializer(many=True, required=False)


class Orders(APIView):
    """``POST`` validates and raises; ``PUT`` validates and returns the errors."""

    def post(self, request):
        serializer = OrderSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return Response(serializer.data, status=201)

    def put(self, request):
        serializer = OrderSerializer(data=request.data)
        if not serializer.is_valid():
            return Response(serializer.errors, status=400)
        return Response(serializer.data)


class Broken(APIView):
    """Fails in DRF's own code around the view, which no exception handler sees."""

    where = ""

    def initialize_request(self, request, *args, **kwargs):
        self._fail_in("initialize_request")
        return super().initialize_request(request, *args, **kwargs)

    def get_exception_handler(self):
        self._fail_in("get_exception_handler")
        return super().get_exception_handler()

    def finalize_response(self, request, response, *args, **kwargs):
        self._fail_in("finalize_response")
        return super().finalize_response(request, response, *args, **kwargs)

    def _fail_in(self, place):
        if self.where == place:
            raise RuntimeError(f"secret of {place}")

    def get(self, request):
        raise exceptions.NotFound


class TypedDrf(Drf):
    """A DRF view that names its format."""

    error_format = "typed"


class TypedPlain(Plain):
    """A Django view that names its format."""

    error_format = "typed"


def typed_plain(request):
    return ACTION["do"](request)


typed_plain.error_format = "typed"


def _insufficient_balance(request):
    raise InsufficientBalance(
        details={"required": "25.00", "available": "10.00"}, params={"required": "25.00", "available": "10.00"}
    )


def _throttled(request):
    raise exceptions.Throttled(wait=29.2)


def _unhandled(request):
    raise ZeroDivisionError("secret")


def _no_key(request):
    raise exceptions.NotAuthenticated


def _order(request):
    data = request.data if isinstance(request, Request) else JSONParser().parse(request)
    OrderSerializer(data=data).is_valid(raise_exception=True)
    return HttpResponse("fine")


def _form(request):
    return HttpResponse(f"{len(request.POST)} fields")


def _streamed_error(request):
    return StreamingHttpResponse([b"the upstream ", b"is down"], status=502, content_type="text/plain")


FIXED = {
    "fine": lambda request: HttpResponse("fine"),
    "form": _form,
    "insufficient-balance": _insufficient_balance,
    "no-key": _no_key,
    "order": _order,
    "streamed-error": _streamed_error,
    "throttled": _throttled,
    "unhandled": _unhandled,
}


def plain_fixed(request, name):
    return FIXED[name](request)


async def asynchronous_fixed(request, name):
    return FIXED[name](request)


class DrfFixed(APIView):
    def get(self, request, name):
        return FIXED[name](request)

    def post(self, request, name):
        return FIXED[name](request)


# What a website answers that is no error.


def page(request):
    response = HttpResponse("<p>A page.</p>")
    response.set_cookie("seen", "yes")
    return response


async def asynchronous_page(request):
    return page(request)


def redirect(request):
    return HttpResponseRedirect("/site/page")


def streamed(request):
    return StreamingHttpResponse(iter([b"one ", b"two ", b"three"]), content_type="text/plain")


@condition(etag_func=lambda request: '"tea"')
def unchanged(request):
    return HttpResponse("tea")


def download(request):
    return FileResponse(Path(__file__).open("rb"), as_attachment=True, filename="views.py")


def own_error(request):
    return HttpResponse("<p>Our own words.</p>", status=410)
