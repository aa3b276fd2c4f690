"""Sends a request as a server would, synchronously or asynchronously."""

from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client


def sender(mode):
    """Return ``send(method, path, **extra)`` for "sync" or "async"; a 500 is an answer, not an exception."""

    def send(method, path, **extra):
        # A client builds its middleware chain once: a new one sees the settings of the test.
        if mode == "sync":
            return getattr(Client(raise_request_exception=False), method)(path, **extra)
        return async_to_sync(getattr(AsyncClient(raise_request_exception=False), method))(path, **extra)

    return send
