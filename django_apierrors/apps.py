"""The app."""

from django.apps import AppConfig
from django.core import checks as django_checks
from django.core.signals import got_request_exception, setting_changed
from django.db.models.signals import post_migrate, post_save, pre_delete, pre_save
from django.utils.module_loading import autodiscover_modules


class ApiErrorsConfig(AppConfig):
    """Registers checks and receivers, and imports ``api_errors.py`` of every installed app."""

    name = "django_apierrors"
    verbose_name = "API errors"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make every code known before the first request."""
        from . import checks, receivers  # DRF reads settings that name models, which must be loaded

        for check in checks.ALL:
            django_checks.register(check, self.name)
        for check in checks.DEPLOY:
            django_checks.register(check, self.name, deploy=True)
        got_request_exception.connect(receivers.receive_exception, dispatch_uid="django_apierrors.receive_exception")
        setting_changed.connect(receivers.clear_caches, dispatch_uid="django_apierrors.clear_caches")
        for model in receivers.REVISIONED_MODELS:  # a receiver for every model would slow down every model
            pre_save.connect(receivers.bump_revision_before, sender=model)
            post_save.connect(receivers.bump_revision_after, sender=model)
            pre_delete.connect(receivers.bump_revision_before, sender=model)
        post_migrate.connect(receivers.insert_missing_rows, sender=self)
        autodiscover_modules("api_errors")
