"""nbgrader's configuration for everybody on a hub: the course's name, and the exchange."""

import os

c = get_config()  # noqa: F821  (nbgrader provides it)

c.CourseDirectory.course_id = "rnn-course"
c.Exchange.root = os.environ.get("NBGRADER_EXCHANGE", "/srv/nbgrader/exchange")
c.Exchange.timezone = "UTC"
# A name that nobody can guess: submissions lie beside one another.
c.ExchangeSubmit.add_random_string = True

# Where everybody's server is a pod, the system knows no names: there the hub says who this is.
course_account = os.environ.get("NBGRADER_COURSE_ACCOUNT")
if course_account:
    who = os.environ.get("JUPYTERHUB_USER", course_account)
    if who != course_account:
        c.CourseDirectory.student_id = who
    c.ExchangeCollect.check_owner = False
