"""How pytest-xdist shares the tests out: how many processes, what stays in one, and what is begun first."""

from __future__ import annotations

import os

import pytest
from xdist.scheduler import LoadFileScheduling

BROWSER = "tests/browser/"
MOST_PROCESSES = 4


class FilesAndOneBrowser(LoadFileScheduling):
    """Files stay whole; browser tests share one process, so that one site is filled and one browser runs."""

    def _split_scope(self, nodeid: str) -> str:
        return BROWSER if nodeid.startswith(BROWSER) else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config, log):
    config.option.loadscopereorder = False  # or files of a single test, the longest among them, come last
    return FilesAndOneBrowser(config, log)


@pytest.hookimpl(tryfirst=True)  # or xdist answers first
def pytest_xdist_auto_num_workers(config) -> int:
    """Return one process more than there are cores, because browsers and servers are waited for."""
    return min(MOST_PROCESSES, len(os.sched_getaffinity(0)) + 1)


def pytest_collection_modifyitems(items) -> None:
    """Begin the browser and what is marked long, lest everybody waits for one of them in the end."""
    items.sort(key=lambda item: not (item.nodeid.startswith(BROWSER) or item.get_closest_marker("long")))
