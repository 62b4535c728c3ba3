"""A child that does one thing after another for as long as each leaves it as it was.

A fork of a process as large as a notebook's takes most of a tenth of a second before it has done
anything, for its pages are copied one by one as they are touched. What is as it was can be used
again.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from course.grader.kernel.trusted import ChildDied, fork


class LastingChild:
    """Calls a function in a child that is forked for the first call and kept for the next ones.

    Parameters
    ----------
    function : callable
        Returns an answer, and whether the child is as it was before the call.
    """

    def __init__(self, function: Callable[..., tuple[Any, bool]]) -> None:
        self._function = function
        self._child: tuple[int, Connection] | None = None

    def ask(self, *arguments: Any) -> Any:
        """Call the function in the child and return its answer.

        Raises
        ------
        ChildDied
            When the child ends without an answer; the next call has a child of its own.
        """
        self._child = self._child or fork(self._serve)
        try:
            self._child[1].send(arguments)
            answer, as_it_was = self._child[1].recv()
        except (EOFError, ConnectionError):
            self.close()
            raise ChildDied("the child died without a result") from None
        if not as_it_was:
            self.close()
        return answer

    def close(self) -> None:
        """End the child; the next call has another."""
        if self._child:
            child, connection = self._child
            connection.close()
            os.waitpid(child, 0)
            self._child = None

    def _serve(self, connection: Connection) -> None:
        as_it_was = True
        while as_it_was:
            try:
                arguments = connection.recv()
            except EOFError:  # nobody asks any more
                return
            answer, as_it_was = self._function(*arguments)
            connection.send((answer, as_it_was))
