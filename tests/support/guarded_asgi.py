"""The ASGI application of the test project behind its guard, as a project would write it."""

from django.core.asgi import get_asgi_application

from django_apierrors.asgi import guard

application = guard(get_asgi_application())
