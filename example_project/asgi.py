"""The ASGI application of the example project, behind the guard: for a server, which `demo` does not need."""

import os

from django.core.asgi import get_asgi_application

from django_apierrors.asgi import guard

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
application = guard(get_asgi_application())
