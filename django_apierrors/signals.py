"""Signals that a project may listen to."""

from django.dispatch import Signal

#: Sent once for each structured answer, as it leaves, with ``problem`` (``problems.Problem``),
#: ``request`` and ``response``. The sender is the class ``Problem``. A receiver that raises is
#: logged by Django and harms no answer.
problem_sent = Signal()

#: Sent in each process when the set of open maintenance windows changes, by the clock or by a
#: switch, with ``is_on`` and ``windows`` (a tuple of ``windows.Window``, the strictest first). The
#: sender is the class ``Window``. Sent once for each change, by the first request that meets it.
maintenance_changed = Signal()
