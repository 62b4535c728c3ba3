"""What people read: graded notebooks, feedback, the class's table and its reports.

Imports judging and lower rooms; higher rooms may import ``render``, ``report``,
``feedback_page``, and for class reports ``lesson_page``, ``course_page``, ``frame``, ``roll`` and
``since_last``; ``grading_page`` is for the configuration of nbgrader.
"""
