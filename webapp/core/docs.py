"""The browsable API page: the OpenAPI schema in our own words and style, without any script."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET
from drf_spectacular.generators import SchemaGenerator

Schema = dict[str, Any]


@login_required
@require_GET
def api_docs(request: HttpRequest) -> HttpResponse:
    schema: Schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return render(request, "core/api_docs.html", {"groups": operations_by_tag(schema)})


def operations_by_tag(schema: Schema) -> dict[str, list[Schema]]:
    """Return the operations of an OpenAPI schema as a page lists them, grouped by their first tag."""
    groups: dict[str, list[Schema]] = {}
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            groups.setdefault(operation["tags"][0], []).append(_described(path, method, operation, schema))
    return groups


def type_in_words(schema: Schema) -> str:
    """Return a type as one reads it aloud.

    >>> type_in_words({"type": "array", "items": {"type": "string", "format": "uuid"}})
    'list of string (uuid)'
    >>> type_in_words({"allOf": [{"$ref": "#/components/schemas/Run"}], "nullable": True})
    'Run or null'
    """
    if schema.get("nullable"):
        return f"{type_in_words({**schema, 'nullable': False})} or null"
    if "allOf" in schema:
        return type_in_words(schema["allOf"][0])
    if "$ref" in schema:
        return _name(schema)
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {type_in_words(schema['items'])}"
    form = f" ({schema['format']})" if "format" in schema else ""
    return f"{schema.get('type', 'any')}{form}"


def _described(path: str, method: str, operation: Schema, schema: Schema) -> Schema:
    return {
        "path": path,
        "method": method.upper(),
        "summary": operation.get("summary", ""),
        "description": operation.get("description", ""),
        "parameters": [
            {**parameter, "words": type_in_words(parameter["schema"])}
            for parameter in operation.get("parameters", [])
        ],
        "body": _fields(operation.get("requestBody", {}), schema),
        "answers": [
            {
                "status": status,
                "description": answer.get("description", ""),
                "fields": _fields(answer, schema),
            }
            for status, answer in operation["responses"].items()
        ],
    }


def _fields(holder: Schema, schema: Schema) -> list[tuple[str, str]]:
    """Return the names and types of what a request or answer carries; nothing for files and empty bodies."""
    content = holder.get("content", {}).get("application/json", {}).get("schema", {})
    content = content.get("items", content)
    if "$ref" in content:
        content = schema["components"]["schemas"][_name(content)]
    return [(name, type_in_words(field)) for name, field in content.get("properties", {}).items()]


def _name(reference: Schema) -> str:
    return str(reference["$ref"]).rsplit("/", 1)[-1]
