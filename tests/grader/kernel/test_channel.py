"""What a kernel sends is counted before it is here, and read as data or not at all."""

from __future__ import annotations

import json
import random
import threading
import time
from pathlib import Path

import pytest
import zmq
from jupyter_client.session import Session

from course.grader.kernel.channel import FRAME_COST, MAX_FRAMES, Channel, Gone, TooMuch
from course.grader.kernel.confine import Limits
from course.grader.kernel.isolation import isolation_in_force
from course.grader.kernel.kernels import run_in_kernels
from course.grader.kernel.messages import MAX_READ, NotAMessage, parse, request
from course.grader.kernel.steps import Settings, Step
from tests.grader.kernel.test_kernels import HIDDEN

LIMIT = 2**20


@pytest.fixture
def peers(tmp_path):
    """A broadcasting and a routing socket of ZeroMQ's own, and channels connected to them."""
    context = zmq.Context()
    made = []
    for kind, name in ((zmq.XPUB, "SUB"), (zmq.ROUTER, "DEALER")):
        peer = context.socket(kind)
        peer.bind(f"ipc://{tmp_path}/{name}")
        channel = Channel(f"{tmp_path}/{name}", name, LIMIT)
        assert channel.connect()
        made += [peer, channel]
    publisher, subscriber, router, dealer = made
    while not publisher.poll(10):
        subscriber.receive(0.01)
    assert publisher.recv() == b"\x01"
    yield publisher, subscriber, router, dealer
    subscriber.close()
    dealer.close()
    context.destroy(linger=0)


MESSAGES = [
    [b"one"],
    [b""],
    [b"a", b"", b"c" * 255, b"d" * 256, b"e" * 70_000],
    [bytes([i]) for i in range(MAX_FRAMES)],
    [b"x" * (LIMIT - 2 * FRAME_COST), b""],
]


def test_messages_of_every_size_arrive_as_they_were_sent(peers):
    publisher, subscriber, router, dealer = peers
    for message in MESSAGES:
        publisher.send_multipart(message)
        assert subscriber.receive(5) == message
        dealer.send(message)
        while not router.poll(10):
            dealer.receive(0.01)
        identity, *frames = router.recv_multipart()
        assert frames == message
        router.send_multipart([identity, *message])
        assert dealer.receive(5) == message
    for message in MESSAGES:
        publisher.send_multipart(message)
    assert [subscriber.receive(5) for _ in MESSAGES] == MESSAGES
    assert subscriber.receive(0.01) is None


@pytest.mark.parametrize(
    "message",
    [
        [b"x" * (LIMIT + 1)],
        [b"x" * (LIMIT // 4)] * 5,
        [b""] * (MAX_FRAMES + 1),
        [b"x" * (LIMIT // 64)] * 80,
    ],
    ids=["one frame", "several", "empty ones", "many"],
)
def test_a_message_is_refused_by_all_its_frames_together(peers, message):
    publisher, subscriber, *_ = peers
    publisher.send_multipart([b"before"])
    publisher.send_multipart(message)
    assert subscriber.receive(5) == [b"before"]
    with pytest.raises(TooMuch):
        subscriber.receive(5)
    assert len(subscriber._unread) + subscriber._size < LIMIT + 2**19


def test_what_a_peer_does_not_read_waits_and_nobody_hangs(peers):
    _, subscriber, _, dealer = peers
    started = time.monotonic()
    for _ in range(50):
        dealer.send([b"x" * 2**20])
    assert subscriber.receive(0.05, [dealer]) is None
    assert time.monotonic() - started < 5


def test_an_end_is_noticed_after_what_was_said(peers):
    publisher, subscriber, *_ = peers
    publisher.send_multipart([b"last"])
    publisher.close(linger=1000)
    assert subscriber.receive(5) == [b"last"]
    with pytest.raises(Gone):
        subscriber.receive(5)


@pytest.mark.parametrize("noise", [b"HTTP/1.1 200 OK\r\n" * 10, b"\xff" * 500, b"\x00" * 500])
def test_another_protocol_is_refused(tmp_path, noise):
    import socket

    server = socket.socket(socket.AF_UNIX)
    server.bind(f"{tmp_path}/s")
    server.listen()
    channel = Channel(f"{tmp_path}/s", "SUB", LIMIT)
    assert channel.connect()
    connection, _ = server.accept()
    connection.sendall(noise)
    connection.close()
    with pytest.raises((Gone, TooMuch)):
        for _ in range(10):
            channel.receive(1)


def test_random_bytes_from_a_peer_are_a_message_or_an_end(tmp_path):
    import socket

    from course.grader.kernel.channel import GREETING

    rng = random.Random(0)
    for i in range(60):
        server = socket.socket(socket.AF_UNIX)
        server.bind(f"{tmp_path}/{i}")
        server.listen()
        channel = Channel(f"{tmp_path}/{i}", "SUB", LIMIT)
        assert channel.connect()
        connection, _ = server.accept()
        connection.sendall(GREETING + rng.randbytes(rng.randint(1, 4000)))
        connection.close()
        with pytest.raises((Gone, TooMuch)):
            while True:
                channel.receive(1)
        channel.close()
        server.close()


@pytest.fixture
def jupyter() -> Session:
    return Session(key=b"key")


def frames_of(jupyter: Session, content: bytes) -> list[bytes]:
    _, frames = request(jupyter, "stream", {})
    delimiter, _, header, parent, metadata, _ = frames
    signature = jupyter.sign([header, parent, metadata, content])
    return [b"topic", delimiter, signature, header, parent, metadata, content]


def test_a_request_is_read_as_it_was_made(jupyter):
    asked, frames = request(jupyter, "execute_request", {"code": "1 + 1"})
    message = parse(jupyter, frames)
    assert (message.kind, message.content) == ("execute_request", {"code": "1 + 1"})
    assert message.size == sum(map(len, frames))
    assert request(jupyter, "execute_request", {})[0] != asked


@pytest.mark.parametrize("place", range(7))
@pytest.mark.parametrize("change", [b"", b"[]", b"{", b"1", b"\xff\xfe", b'"' * 99_999])
def test_a_message_that_was_tampered_with_is_none(jupyter, place, change):
    frames = frames_of(jupyter, b'{"text": "x"}')
    if place:  # the topic counts for nothing
        frames[place] = change
        with pytest.raises(NotAMessage):
            parse(jupyter, frames)
    for cut in range(6):
        with pytest.raises(NotAMessage):
            parse(jupyter, frames_of(jupyter, b"{}")[:cut])


def test_content_that_is_not_worth_its_memory_is_left_unread(jupyter):
    for content in (
        b"[" + b"[]," * MAX_READ + b"[]]",
        b'{"a": {' + b'"":1,' * MAX_READ + b'"":1}}',
    ):
        started = time.process_time()
        assert parse(jupyter, frames_of(jupyter, content)).content is None
        assert time.process_time() - started < 1
    long_text = json.dumps({"data": {"image/png": "A" * 3 * MAX_READ}}).encode()
    assert parse(jupyter, frames_of(jupyter, long_text)).content is not None
    for odd in (b"[" * 100_000, b"1" * 10_000, b"[]", b"null"):
        with pytest.raises(NotAMessage):
            parse(jupyter, frames_of(jupyter, odd))


class Peak:
    """The most memory that this process has at one time, above what it has now."""

    def __enter__(self) -> Peak:
        self._before, self.bytes, self._stop = self._now(), 0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def _now(self) -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    def _watch(self) -> None:
        while not self._stop.wait(0.005):
            self.bytes = max(self.bytes, self._now() - self._before)

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._thread.join()


SEND = """
import json
kernel = get_ipython().kernel
def send(*contents, kind="display_data", socket=None, extra=()):
    session = kernel.session
    for content in contents:
        message = session.msg(kind, {}, parent=kernel.get_parent()["header"])
        frames = session.serialize(message)
        frames[-1] = content
        frames[1] = session.sign(frames[2:])
        (socket or kernel.iopub_thread.socket).send_multipart([b"x", *frames, *extra])
"""
FLOODS = {
    "eighty frames": "send(b'{}', extra=[b'x' * 15_000_000] * 30)",
    "frames without end": "send(b'{}', extra=[b'x' * 100_000] * 2_000)",
    "empty frames": "send(b'{}', extra=[b''] * 300_000)",
    "a large frame": "send(b'x' * 400_000_000)",
    "many messages": "send(*[json.dumps({'data': {'text/plain': 'x' * 900_000}}).encode()] * 200)",
    "large keys": "send(*[json.dumps({'data': {'x' * 900_000: ''}}).encode()] * 200)",
    "tracebacks": "send(*[json.dumps({'ename': 'E', 'traceback': ['x' * 900_000]}).encode()] * 200,"
    " kind='error')",
    "metadata": "send(*[json.dumps({'data': {}, 'metadata': 'x' * 900_000}).encode()] * 200)",
    "brackets": "send(*[b'{\"data\": [' + b'[],' * 5_000_000 + b'[]]}'] * 5)",
    "replies": "for _ in range(20):\n    send(b'x' * 15_000_000, socket=kernel.shell_stream)\n"
    "send(b'x' * 50_000_000)",
}


@pytest.mark.slow
@pytest.mark.skipif(not isolation_in_force().fork, reason="kernels are not forked here")
@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
def test_no_flood_makes_the_grader_grow(flood):
    steps = [
        Step("flood", f"{SEND}\n{flood}", "e", seconds=20),
        Step("define", "def f(x):\n    return x + 1", "other"),
        Step("test", HIDDEN, "other", hidden=True),
    ]
    run_in_kernels(steps[1:], Settings(1), Limits())  # the warm parent is up
    with Peak() as peak:
        results = run_in_kernels(steps, Settings(1))
    assert peak.bytes < 120 * 2**20, f"{peak.bytes / 2**20:.0f} MB"
    assert results["test"].status == "ok"
    assert results["flood"].status in {"stopped", "ok"}
