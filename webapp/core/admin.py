from allauth.account.decorators import secure_admin_login
from django.contrib import admin

from webapp.core.admin_site import ReadOnlyAdmin
from webapp.core.models import AuditEvent

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin[AuditEvent]):
    list_display = ("at", "actor", "action", "target_type", "target_id")
    list_filter = ("action",)
    search_fields = ("target_id",)
    date_hierarchy = "at"
