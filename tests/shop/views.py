"""Views that raise or return what a test needs, on the DRF door and on the plain doors.

A test registers an exception (or a response) with the ``door`` fixture; the views raise (or
return) whatever is registered, so that a test reads as: this exception, through that door.
"""

from django.http import HttpResponse
from django.views import View
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

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
