"""Running code that may hang, lie or die: kernels, their isolation, and what they say.

Imports notebooks and the ground; higher rooms may import ``steps`` (what is asked and answered),
``kernels`` (the runner), ``trusted`` (the course's own code, without a kernel), ``session``,
``isolation``, ``confine``, ``memory``, ``faults`` (known words for errors) and ``attentive`` (a
client for nbclient). The rest is private.
"""
