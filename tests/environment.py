"""Loaded by pytest before Django reads its settings: tests have a data folder and a secret of their own."""

import atexit
import os
import shutil
import tempfile

_FOLDER = tempfile.mkdtemp(prefix="empathy-tests-")
atexit.register(shutil.rmtree, _FOLDER, ignore_errors=True)

for name in (
    "DATABASE_URL",
    "REDIS_URL",
    "ALLOWED_HOSTS",
    "HTTPS",
    "LOG_FORMAT",
    "DEBUG",
    "CELERY_BROKER_URL",
):
    os.environ.pop(name, None)
os.environ["DATA_DIR"] = _FOLDER
os.environ["SECRET_KEY"] = "only-for-tests-" + "x" * 40
