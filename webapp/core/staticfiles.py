"""Static files with hashed names, including the imports inside ES modules."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedModulesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Hash the names in `import … from "./x.js"` as well: without this a browser keeps yesterday's module."""

    support_js_module_import_aggregation = True
