"""Work ahead in threads, by a bounded number of items: a slow iterator, or a function of every item."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
PATIENCE_S = 0.1


class _End:
    """Comes after the last item, with the error that ended the source early, if any."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


@contextmanager
def prefetch(source: Callable[[], Iterator[Item]], *, ahead: int) -> Generator[Iterator[Item]]:
    """Give an iterator over source() whose items are made in a thread, at most `ahead` of the consumer.

    An error of the source is raised where its next item would have come. Leaving the block early stops the
    thread after its current item and closes the source; no thread outlives the block.
    """
    ready: queue.Queue[Item | _End] = queue.Queue(maxsize=ahead)
    stopped = threading.Event()
    thread = threading.Thread(target=_produce, args=(source, ready, stopped), name="prefetch", daemon=True)
    thread.start()
    try:
        yield _consume(ready)
    finally:
        stopped.set()
        thread.join()


def map_ahead(
    work: Callable[[Item], Result], items: Iterable[Item], *, workers: int
) -> Iterator[tuple[Item, Result]]:
    """Yield every item with what work makes of it, in order, while up to `workers` items are in work.

    An error of work is raised where its item would have come.
    """
    waiting: deque[tuple[Item, Future[Result]]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="ahead")
    try:
        for item in items:
            waiting.append((item, pool.submit(work, item)))
            if len(waiting) > workers:
                earliest, future = waiting.popleft()
                yield earliest, future.result()
        for earliest, future in waiting:
            yield earliest, future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _produce(
    source: Callable[[], Iterator[Item]], ready: queue.Queue[Item | _End], stopped: threading.Event
) -> None:
    error: BaseException | None = None
    try:
        items = source()
        try:
            for item in items:
                if not _put(ready, item, stopped):
                    return
        finally:
            if isinstance(items, Generator):
                items.close()
    except BaseException as caught:  # delivered to the consumer, who decides
        error = caught
    _put(ready, _End(error), stopped)


def _put(ready: queue.Queue[Item | _End], item: Item | _End, stopped: threading.Event) -> bool:
    while not stopped.is_set():
        try:
            ready.put(item, timeout=PATIENCE_S)
        except queue.Full:
            continue
        return True
    return False


def _consume(ready: queue.Queue[Item | _End]) -> Iterator[Item]:
    while True:
        item = ready.get()
        if isinstance(item, _End):
            if item.error is not None:
                raise item.error
            return
        yield item
