"""What people read: graded notebooks, the class's table, its report, its file of scores.

Imports judging and lower rooms; higher rooms may import ``render``, ``report``,
``feedback_page``, and for class reports ``lesson_page``, ``course_page``, ``frame``, ``roll`` and
``since_last``; ``grading_page`` is for the configuration of nbgrader.
"""
