"""Exchange rates, from a provider that is easy to bring out of step: it never answers for JPY."""

import asyncio
from decimal import Decimal

_OF_ONE_EURO = {"GBP": Decimal("0.85"), "USD": Decimal("1.10")}


class ProviderTimeout(Exception):
    """The provider took too long; ``APIERRORS["EXCEPTIONS"]`` gives it its code."""


async def rate_of(currency: str) -> Decimal | None:
    """Return what one euro costs, ``None`` for an unknown currency. Raises ``ProviderTimeout``."""
    try:
        async with asyncio.timeout(0.2):
            if currency == "JPY":
                await asyncio.sleep(3600)
    except TimeoutError as exc:
        raise ProviderTimeout(currency) from exc
    return _OF_ONE_EURO.get(currency)
