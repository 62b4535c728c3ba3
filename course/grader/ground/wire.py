"""The wire format of an emission: base64 text in a display message, within a limit."""

from __future__ import annotations

import base64
import binascii

from course.emission import MAX_BYTES


class BadPayload(ValueError):
    """The bytes are not an emission; the message says why, for the report."""


def decode(text: str) -> bytes:
    """Decode the base64 text of a display message within the size limit.

    Raises
    ------
    BadPayload
        When the text is too long or not base64.
    """
    if not isinstance(text, str) or len(text) > MAX_BYTES * 4 // 3 + 16:
        raise BadPayload("the emission is larger than allowed")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadPayload("the emission is not base64") from error
