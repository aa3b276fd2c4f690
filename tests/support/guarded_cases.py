"""What the views behind the guards raise and send."""

import asyncio
import logging

KINDS = {
    "exit": SystemExit,
    "interrupt": KeyboardInterrupt,
    "close": GeneratorExit,
    "cancel": asyncio.CancelledError,
    "base": BaseException,
    "group": lambda: BaseExceptionGroup("several", [SystemExit(), ValueError()]),
    "memory": MemoryError,
}
#: Headers that some server refuses, or sends although it must not.
HEADERS = {
    "nul": ("X-Odd", "a\0b"),
    "control": ("X-Odd", "a\x01b"),
    "name": ("X Odd", "a"),
    "empty-name": ("", "a"),
    "length": ("Content-Length", "many"),
}


class Line(logging.Formatter):
    """One line for a record, so that each traceback in the log is the server's."""

    def format(self, record):
        return f"RECORD {record.levelname} {record.name} {record.getMessage()!r}"
