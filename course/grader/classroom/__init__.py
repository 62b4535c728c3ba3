"""A class: taking submissions in, grading them, the gradebook, scores as CSV, nbgrader's plugs.

Imports pages and lower rooms; authoring and demo may import ``course_folder``, ``command``,
``run``, ``work``, ``class_report``, ``gradebook`` and ``feedback``, the command line ``results``,
``roster``, ``bulk_download`` and ``export`` too; ``preprocessors``, ``by_hand``, ``schemes``,
``waiting`` and ``exchange`` are for the configuration of nbgrader.
"""
