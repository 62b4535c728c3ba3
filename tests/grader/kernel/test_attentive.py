"""An answer that has arrived is seen, whatever else was done with the socket meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from queue import Empty
from typing import Any

import pytest
import zmq
import zmq.asyncio
from jupyter_client.channels import AsyncZMQSocketChannel
from jupyter_client.session import Session
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from course.grader.kernel.attentive import AttentiveChannel, AttentiveManager


def run(coroutine: Coroutine) -> Any:
    """Run it in a thread of its own: a browser that another test has open keeps a loop in ours."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, coroutine).result()


async def seconds_until_seen(channel_class: type, timeout: float) -> float:
    """Wait for an answer whose notice is taken away, as a message of a widget does."""
    session = Session(key=b"key")
    with zmq.asyncio.Context() as context, context.socket(zmq.DEALER) as socket:
        port = socket.bind_to_random_port("tcp://127.0.0.1")
        with zmq.Context() as other, other.socket(zmq.DEALER) as kernel:
            kernel.connect(f"tcp://127.0.0.1:{port}")
            started = time.monotonic()
            waiting = asyncio.ensure_future(channel_class(socket, session).get_msg(timeout))
            await asyncio.sleep(0.05)
            session.send(kernel, "execute_reply")
            while not zmq.Socket.shadow(socket.underlying).get(zmq.EVENTS) & zmq.POLLIN:
                time.sleep(0.01)  # it arrives while the loop is busy
            assert (await waiting)["msg_type"] == "execute_reply"
            return time.monotonic() - started


def test_jupyters_own_channel_looks_when_the_time_is_over():
    """When it looks earlier, ours can go."""
    assert run(seconds_until_seen(AsyncZMQSocketChannel, 2.0)) >= 2.0


def test_ours_looks_again():
    assert run(seconds_until_seen(AttentiveChannel, 600.0)) < 600


def test_what_never_comes_is_waited_for_no_longer_than_asked():
    async def wait() -> None:
        with zmq.asyncio.Context() as context, context.socket(zmq.DEALER) as socket:
            socket.bind_to_random_port("tcp://127.0.0.1")
            await AttentiveChannel(socket, Session(key=b"key")).get_msg(0.2)

    started = time.monotonic()
    with pytest.raises(Empty):
        run(wait())
    assert time.monotonic() - started >= 0.2


@pytest.mark.slow
def test_nbclient_executes_with_it():
    notebook = new_notebook(cells=[new_code_cell("import time; time.sleep(1.5)\n6 * 7")])
    client = NotebookClient(notebook, timeout=60, kernel_manager_class=AttentiveManager)
    with client.setup_kernel(cleanup_kc=False):
        assert isinstance(client.kc.shell_channel, AttentiveChannel)
        client.execute_cell(notebook.cells[0], 0)
    assert notebook.cells[0].outputs[0].data["text/plain"] == "42"
