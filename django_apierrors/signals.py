"""Signals that a project may listen to."""

from django.dispatch import Signal

#: Sent once for each structured answer, as it leaves, with ``problem`` (``problems.Problem``),
#: ``request`` and ``response``. The sender is the class ``Problem``. A receiver that raises is
#: logged by Django and harms no answer.
problem_sent = Signal()
