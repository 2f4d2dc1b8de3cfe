"""The browsable API page, with its scripts from our own host and none inline."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


@login_required
def api_docs(request: HttpRequest) -> HttpResponse:
    return render(request, "core/api_docs.html")
