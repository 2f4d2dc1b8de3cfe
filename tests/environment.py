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
    "MEDIA_KEYS",
    "MEDIA_URL_S3",
):
    os.environ.pop(name, None)
for name in ("DATABASE_URL", "CELERY_BROKER_URL"):
    if f"TEST_{name}" in os.environ:  # the same tests against servers that another test has started
        os.environ[name] = os.environ[f"TEST_{name}"]
if "PYTEST_XDIST_WORKER" in os.environ:  # the cores are shared by processes: more threads only wait
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")
os.environ["DATA_DIR"] = _FOLDER
os.environ["SECRET_KEY"] = "only-for-tests-" + "x" * 40
