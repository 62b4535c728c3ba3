"""Warnings are silenced in one thread without being silenced, or let loose, for the others."""

from __future__ import annotations

import threading
import warnings

from course.grader.ground.quiet import no_warnings


def test_threads_that_silence_warnings_leave_the_filters_as_they_were():
    before = list(warnings.filters)
    heard: list[str] = []

    def work() -> None:
        for _ in range(200):
            with no_warnings(), warnings.catch_warnings(record=True) as caught:
                warnings.warn("nobody should hear this", stacklevel=1)
            heard.extend(str(w.message) for w in caught)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == []
    assert warnings.filters == before
