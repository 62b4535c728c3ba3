"""From source notebooks to starters, solutions, the README's table, the tour, syllabus and site.

Imports classroom and lower rooms; the demo and the command line may import ``generate``,
``catalogue``, ``worked`` (examples), ``tour``, ``syllabus``, ``site`` and ``student`` (their
edition of the course); ``rescue`` and ``given_outputs`` are for the configuration of nbgrader.
"""
