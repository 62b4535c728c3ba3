"""From an emission to a verdict: reading it, comparing it with the reference, points and sentences.

Imports kernel and lower rooms; higher rooms may import ``grade``, ``verdict``, ``outcome``,
``references``, ``misconceptions`` (what wrong answers emit), ``payload`` and ``compare``. The rest
is private.
"""
