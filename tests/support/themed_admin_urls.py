"""URLs of a project with an admin site and a theme of its own, and the shape of its errors."""

from django.contrib import admin
from django.urls import path

from django_apierrors.admin import ErrorCodeAdminMixin
from django_apierrors.formats import Format
from django_apierrors.models import ErrorCode


class Short(Format):
    def body(self, problem, entry):
        return {"oops": self.code(entry)}


class ThemedModelAdmin(admin.ModelAdmin):
    save_on_top = True


class ThemedErrorCodeAdmin(ErrorCodeAdminMixin, ThemedModelAdmin):
    list_per_page = 10


site = admin.AdminSite(name="themed")
site.register(ErrorCode, ThemedErrorCodeAdmin)

urlpatterns = [path("themed/", site.urls)]
