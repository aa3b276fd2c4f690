"""Sends a request as a server would, synchronously or asynchronously."""

from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client


def sender(mode, cookies=None, **options):
    """Return ``send(method, path, **extra)`` for "sync" or "async"; a 500 is an answer, not an exception."""

    def send(method, path, **extra):
        # A client builds its middleware chain once: a new one sees the settings of the test.
        client = (Client if mode == "sync" else AsyncClient)(raise_request_exception=False, **options)
        client.cookies.load(cookies or {})
        answer = getattr(client, method)
        return answer(path, **extra) if mode == "sync" else async_to_sync(answer)(path, **extra)

    return send
