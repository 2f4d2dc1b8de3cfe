from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from webapp.accounts.models import User
from webapp.core.admin_site import AuditedAdmin


@admin.register(User)
class AccountAdmin(AuditedAdmin[User], UserAdmin[User]):
    ordering = ("email",)
    list_display = ("email", "display_name", "is_active", "is_staff", "last_login")
    search_fields = ("email", "display_name")
    fieldsets = (
        (None, {"fields": ("email", "password", "display_name")}),
        ("Rights", {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "display_name", "password1", "password2")}),)
