"""What every room stands on: whole files, one-line text, silenced warnings, the wire format.

Every room may import ``files``, ``text``, ``quiet``, ``times``, ``wire`` and ``checkout``; this
floor imports none of the rooms.
"""
