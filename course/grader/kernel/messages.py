"""Read a kernel's messages as data: bounded, checked, and no more of them than is needed."""

from __future__ import annotations

import hmac
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jupyter_client.session import DELIM, Session

MAX_HEADER = 2**16
"""Largest header of a message; an honest one has 300 bytes."""
MAX_READ = 2**20
"""Content up to here is read whatever is in it; as Python objects it takes 25 times its size."""
MAX_SEPARATORS = 2_000
"""Commas and brackets that larger content may have: an emission or a picture is one long text."""


class NotAMessage(ValueError):
    """The frames are not a Jupyter message."""


@dataclass(frozen=True)
class Message:
    """One message of a kernel.

    Attributes
    ----------
    kind : str
        Its type, for example ``"stream"``.
    request : str
        Id of the request that it belongs to.
    content : dict or None
        ``None`` when it is too large to be read.
    size : int
        Bytes of all its frames.
    """

    kind: str
    request: str
    content: dict[str, Any] | None
    size: int


def request(session: Session, kind: str, content: dict[str, Any]) -> tuple[str, list[bytes]]:
    """Make a request; return its id, which cannot be guessed from earlier ones, and its frames."""
    header = session.msg_header(kind) | {"msg_id": uuid.uuid4().hex}
    return header["msg_id"], session.serialize(session.msg(kind, content, header=header))


def parse(session: Session, frames: Sequence[bytes]) -> Message:
    """Read the frames of a message.

    Raises
    ------
    NotAMessage
        When they are none, or are not signed with the session's key.
    """
    size = sum(map(len, frames))
    try:
        start = frames.index(DELIM, 0, 3)
        signature, header, parent, metadata, content = frames[start + 1 : start + 6]
        if len(header) > MAX_HEADER or len(parent) > MAX_HEADER:
            raise NotAMessage("its header is too large")
        if not hmac.compare_digest(signature, session.sign([header, parent, metadata, content])):
            raise NotAMessage("its signature is wrong")
        kind, asked = json.loads(header)["msg_type"], json.loads(parent).get("msg_id", "")
        small = _small(content)
        known = json.loads(content) if small else None
    except NotAMessage:
        raise
    except Exception as error:  # whatever bytes a kernel sends in place of a message
        raise NotAMessage("it is not a Jupyter message") from error
    if not isinstance(kind, str) or isinstance(known, dict) is not small:
        raise NotAMessage("it is not a Jupyter message")
    return Message(kind, str(asked), known, size)


def _small(content: bytes) -> bool:
    if len(content) <= MAX_READ:
        return True
    return sum(content.count(mark) for mark in (b",", b"[", b"{")) <= MAX_SEPARATORS
