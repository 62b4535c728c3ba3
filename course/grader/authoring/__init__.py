"""From source notebooks to starters, solutions and the README's table of lessons.

Imports classroom and lower rooms; the demo and the command line may import ``generate`` and
``catalogue``.
"""
