"""The WSGI application of the test project behind its guard, as a project would write it."""

from django.core.wsgi import get_wsgi_application

from django_apierrors.wsgi import guard

application = guard(get_wsgi_application())
