"""What people read: graded notebooks, the class's table, its report, its file of scores.

Imports judging and lower rooms; higher rooms may import ``render`` and ``report``.
"""
