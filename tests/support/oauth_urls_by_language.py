"""An endpoint of OAuth, and the documentation under the prefix of its language, in the default language too."""

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path
from shop import views

urlpatterns = [
    path("oauth/token", views.plain),
    *i18n_patterns(path("errors/", include("django_apierrors.urls"))),
]
