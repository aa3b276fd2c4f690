"""The app."""

from django.apps import AppConfig
from django.core import checks as django_checks
from django.core.signals import got_request_exception, setting_changed
from django.utils.module_loading import autodiscover_modules


class ApiErrorsConfig(AppConfig):
    """Registers checks and receivers, and imports ``api_errors.py`` of every installed app."""

    name = "django_apierrors"
    verbose_name = "API errors"

    def ready(self) -> None:
        """Make every code known before the first request."""
        from . import checks, receivers  # DRF reads settings that name models, which must be loaded

        for check in checks.ALL:
            django_checks.register(check, self.name)
        got_request_exception.connect(receivers.remember_exception, dispatch_uid="django_apierrors.remember_exception")
        setting_changed.connect(receivers.forget_texts, dispatch_uid="django_apierrors.forget_texts")
        autodiscover_modules("api_errors")
