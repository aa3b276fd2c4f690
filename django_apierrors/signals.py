"""The signals of this package."""

from django.dispatch import Signal

#: Sent once for each structured response, just before it is returned, with ``problem`` (``problems.Problem``),
#: ``request`` and ``response``. The sender is the class ``Problem``. An exception of a
#: receiver is logged by Django and changes no response.
problem_sent = Signal()

#: Sent in each process when the set of open maintenance windows changes, by time or by an
#: edit, with ``is_on`` and ``windows`` (a tuple of ``windows.Window``, the strictest first). The
#: sender is the class ``Window``. Sent once for each change, by the first request after it.
maintenance_changed = Signal()
