"""From source notebooks to starters, solutions, the README's table, the tour, syllabus and site.

Imports classroom and lower rooms; the demo and the command line may import ``generate``,
``catalogue``, ``worked`` (examples), ``tour``, ``syllabus`` and ``site``.
"""
