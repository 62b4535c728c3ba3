"""A client of a kernel that does not sleep through the answer to a cell.

ZeroMQ tells a waiting program once that something has arrived, and whatever is done with the
socket next takes that notice away. While nbclient waits for the end of a cell it answers the
widgets of that cell through the same socket: an answer of the kernel that comes in just then is
there and nobody looks, until the cell's time is over. A client that looks again every second
loses a second at most.
"""

from __future__ import annotations

import time
from queue import Empty
from typing import Any

from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.channels import AsyncZMQSocketChannel
from jupyter_client.manager import AsyncKernelManager
from traitlets import Type

SECONDS = 1.0
"""How long a client waits before it looks again."""


class AttentiveChannel(AsyncZMQSocketChannel):
    """A channel that asks its socket again and again while it waits."""

    async def get_msg(self, timeout: float | None = None) -> dict[str, Any]:
        """Return the next message; wait for it as long as it takes, or ``timeout`` seconds.

        Raises
        ------
        queue.Empty
            When none has come in time.
        """
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            left = SECONDS if end is None else min(SECONDS, max(0.0, end - time.monotonic()))
            try:
                return await super().get_msg(left)
            except Empty:
                if end is not None and time.monotonic() >= end:
                    raise


class AttentiveClient(AsyncKernelClient):
    """jupyter_client's own, with a channel for cells and their answers that is attentive."""

    shell_channel_class = Type(AttentiveChannel)


class AttentiveManager(AsyncKernelManager):
    """Starts a kernel as jupyter_client does, with an attentive client: for nbclient."""

    client_factory = Type(klass=AttentiveClient, default_value=AttentiveClient)
