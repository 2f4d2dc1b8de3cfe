"""Administration leaves the same traces as the pages: each change is an audit event in its transaction."""

from __future__ import annotations

from typing import Any, TypeVar

from django.contrib import admin
from django.db import models, transaction
from django.forms import ModelForm
from django.http import HttpRequest

from webapp.core import audit

M = TypeVar("M", bound=models.Model)


class AuditedAdmin(admin.ModelAdmin[M]):
    """Records what an administrator adds and changes. Deleting is left to services that know what follows."""

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: M, form: ModelForm[M], change: bool) -> None:
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            audit.record(
                actor=request.user,
                action="admin.changed" if change else "admin.added",
                target=obj,
                details={"fields": sorted(getattr(form, "changed_data", []))},
            )


class ReadOnlyAdmin(admin.ModelAdmin[M]):
    """Rows to read and search. What changes them are the services, which also keep the files in step."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
