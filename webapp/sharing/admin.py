from django.contrib import admin

from webapp.core.admin_site import ReadOnlyAdmin
from webapp.sharing.models import Recall, Recipient, Release


@admin.register(Release)
class ReleaseAdmin(ReadOnlyAdmin[Release]):
    list_display = ("study", "version", "title", "state", "made_at")
    list_filter = ("state", "study")
    exclude = ("code_key",)


@admin.register(Recipient)
class RecipientAdmin(ReadOnlyAdmin[Recipient]):
    list_display = ("release", "organisation", "given_on")


@admin.register(Recall)
class RecallAdmin(ReadOnlyAdmin[Recall]):
    list_display = ("release", "reason", "made_at")
