"""The documentation under the prefix of its language, without one in the default language."""

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path

urlpatterns = i18n_patterns(path("errors/", include("django_apierrors.urls")), prefix_default_language=False)
