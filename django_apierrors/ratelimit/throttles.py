"""The throttle, for the ``throttle_classes`` of DRF."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from ..exceptions import RateTooHigh
from ..request_state import RequestState
from ..usage import Usage, longest_wait
from .checking import check
from .policies import declare_limit


class RatelimitThrottle(BaseThrottle):
    """Limits a DRF view by a policy: its ``throttle_scope``, or the policy of ``of("burst")``.

    DRF checks throttles after it has authenticated the request, so that the key ``user`` counts
    users of tokens, too. All throttles of a view are counted before one refuses. Among the
    ``DEFAULT_THROTTLE_CLASSES`` it limits the views that have a ``throttle_scope``.
    """

    policy: str | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Keep the policy of a subclass, for the system check."""
        super().__init_subclass__(**kwargs)
        if cls.policy is not None:
            declare_limit(f"{cls.__module__}.{cls.__qualname__}", cls.policy)

    def __init__(self) -> None:
        self._usages: tuple[Usage, ...] = ()

    @classmethod
    def of(cls, policy: str) -> type[RatelimitThrottle]:
        """Return a throttle class for one policy."""
        return type(cls.__name__, (cls,), {"policy": policy, "__qualname__": f"{cls.__qualname__}.of({policy!r})"})

    def allow_request(self, request: Request, view: Any) -> bool:
        """Count the request and return whether it is allowed."""
        name = self.policy or getattr(view, "throttle_scope", None)
        if name is None and view.throttle_classes is APIView.throttle_classes:
            return True
        if name is None:
            raise ImproperlyConfigured(
                f"{type(view).__qualname__} names no rate limit policy; give it a throttle_scope, or use "
                'RatelimitThrottle.of("burst") in throttle_classes.'
            )
        try:
            self._usages = check(request, name)
        except RateTooHigh as exc:
            self._usages = exc.usages
            RequestState.of(request).add_violations(exc.usages)
            return False
        return True

    def wait(self) -> float | None:
        """Return the seconds until the next request is allowed."""
        return longest_wait(self._usages)
