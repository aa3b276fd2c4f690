"""The configuration of a gunicorn that says when it sends a file by the system call."""

import os
import sys

_sendfile = os.sendfile


def post_worker_init(worker):
    def sendfile(*args):
        print("SENDFILE", file=sys.stderr, flush=True)
        return _sendfile(*args)

    os.sendfile = sendfile
