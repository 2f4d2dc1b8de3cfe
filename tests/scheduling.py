"""Which tests go to the same process of pytest-xdist: a file's, and all that need a browser."""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling

BROWSER = "tests/browser/"


class FilesAndOneBrowser(LoadFileScheduling):
    """Files stay whole; browser tests share one process, so that one site is filled and one browser runs."""

    def _split_scope(self, nodeid: str) -> str:
        return BROWSER if nodeid.startswith(BROWSER) else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config, log):
    return FilesAndOneBrowser(config, log)
