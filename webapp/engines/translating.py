"""The libraries' errors as the site's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from webapp.core.errors import AppError
from webapp.jobs.errors import Stopped


@contextmanager
def translated() -> Iterator[None]:
    """Let the libraries' errors out as the site's own: Stopped, AppError, and OSError for what may heal."""
    from emotion.errors import Cancelled, EmotionError, OutputUnwritable, StorageFails

    try:
        yield
    except Cancelled:
        raise Stopped from None
    except (OutputUnwritable, StorageFails) as error:
        raise OSError(error.code) from error
    except EmotionError as error:
        raise AppError(str(error), code=error.code) from error
