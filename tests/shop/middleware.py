"""Middleware of other people, with their faults."""

from asgiref.sync import iscoroutinefunction
from django.utils.decorators import sync_and_async_middleware

from . import views


@sync_and_async_middleware
def before_the_view(get_response):
    """Do what the test registered instead of calling the view."""
    if iscoroutinefunction(get_response):

        async def middleware(request):
            return views.ACTION["do"](request)

    else:

        def middleware(request):
            return views.ACTION["do"](request)

    return middleware


@sync_and_async_middleware
def after_the_view(get_response):
    """Do what the test registered when the view has answered."""
    if iscoroutinefunction(get_response):

        async def middleware(request):
            await get_response(request)
            return views.ACTION["do"](request)

    else:

        def middleware(request):
            get_response(request)
            return views.ACTION["do"](request)

    return middleware


@sync_and_async_middleware
def bare_urlconf(get_response):
    """Send the request to a URLconf that names no error views."""
    if iscoroutinefunction(get_response):

        async def middleware(request):
            request.urlconf = "support.urls_without_handlers"
            return await get_response(request)

    else:

        def middleware(request):
            request.urlconf = "support.urls_without_handlers"
            return get_response(request)

    return middleware
