"""Jupyter's configuration for everybody on a hub: what nobody uses ends by itself."""

c = get_config()  # noqa: F821  (Jupyter provides it)

c.MappingKernelManager.cull_idle_timeout = 60 * 60
c.MappingKernelManager.cull_interval = 5 * 60
c.ServerApp.shutdown_no_activity_timeout = 2 * 60 * 60
