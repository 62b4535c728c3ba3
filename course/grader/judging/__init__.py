"""From an emission to a verdict: reading it, comparing it with the reference, points and sentences.

Imports kernel and lower rooms; higher rooms may import ``grade``, ``verdict``, ``outcome``,
``references``, ``payload`` and ``compare``. ``flags`` is private to this room.
"""
