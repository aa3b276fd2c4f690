"""Serves the example project in a database of its own, and prints its address."""

import sys
from pathlib import Path

import django
from django.core.management import call_command
from django.core.servers.basehttp import WSGIRequestHandler, WSGIServer
from django.core.wsgi import get_wsgi_application

from django_apierrors.wsgi import guard

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "example_project"))


class Handler(WSGIRequestHandler):
    # Else each answer waits 40 ms for the client to acknowledge its headers.
    disable_nagle_algorithm = True

    def log_message(self, format, *args):
        pass


def main():
    django.setup()
    from payments import sample

    call_command("migrate", verbosity=0, interactive=False)
    sample.load()
    # One request after the other, each on a connection of its own: what a server leaves of a body is never the next.
    with WSGIServer(("127.0.0.1", 0), Handler) as server:
        server.set_app(guard(get_wsgi_application()))
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
