"""The WSGI application of the example project, behind the guard: for a server, which `demo` does not need."""

import os

from django.core.wsgi import get_wsgi_application

from django_apierrors.wsgi import guard

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
application = guard(get_wsgi_application())
