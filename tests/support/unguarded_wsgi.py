"""The same WSGI application without its guard, for comparison."""

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
