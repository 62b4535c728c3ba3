"""A class from its submissions to the gradebook, and the plugs that nbgrader's commands use.

Imports pages and lower rooms; authoring and demo may import ``course_folder``, ``command``,
``run``, ``work``, ``class_report``, ``gradebook`` and ``feedback``; ``preprocessors``, ``by_hand``,
``schemes``, ``waiting`` and ``exchange`` are for the configuration of nbgrader.
"""
