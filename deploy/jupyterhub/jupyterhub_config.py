"""JupyterHub for one machine: accounts of the system, one server each. See course/guides/hub.md.

Start it as root: ``/opt/rnn-hub/bin/jupyterhub -f /srv/rnn-hub/jupyterhub_config.py``.
"""

import grp
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from course_hub import configure, make_exchange

c = get_config()  # noqa: F821  (JupyterHub provides it)

# Members of two groups of the system: `addgroup rnn-students`, `adduser alice rnn-students`.
STUDENTS = grp.getgrnam("rnn-students").gr_mem
INSTRUCTORS = grp.getgrnam("rnn-instructors").gr_mem
EXCHANGE = Path("/srv/nbgrader/exchange")

make_exchange(EXCHANGE, "rnn-course")
configure(
    c,
    course_account="rnn-course",
    instructors=INSTRUCTORS,
    students=STUDENTS,
    exchange=EXCHANGE,
    data=Path("/srv/rnn-hub/data"),
)

# Who somebody is, the system knows; a server runs as its user, and the file modes hold.
c.JupyterHub.authenticator_class = "pam"
c.JupyterHub.spawner_class = "jupyterhub.spawner.LocalProcessSpawner"

# Limits on memory and processors need systemd (`pip install jupyterhub-systemdspawner`):
# c.JupyterHub.spawner_class = "systemd"
# c.SystemdSpawner.mem_limit = "2G"
# c.SystemdSpawner.cpu_limit = 1.0
# c.SystemdSpawner.disable_user_sudo = True
# c.SystemdSpawner.isolate_tmp = True

# Put a web server with a certificate in front, or name a key and a certificate here:
c.JupyterHub.bind_url = "http://127.0.0.1:8000"
# c.JupyterHub.ssl_key, c.JupyterHub.ssl_cert = "/etc/ssl/private/hub.key", "/etc/ssl/hub.pem"

c.JupyterHub.db_url = "sqlite:////srv/rnn-hub/state/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = "/srv/rnn-hub/state/cookie_secret"
c.ConfigurableHTTPProxy.command = [str(Path(sys.prefix) / "bin" / "configurable-http-proxy")]
c.ConfigurableHTTPProxy.pid_file = "/srv/rnn-hub/state/proxy.pid"
