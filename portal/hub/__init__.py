"""A JupyterHub for the site: what `jupyter_config.py` asks when a hub reads it, and `patunay hub`, which starts one.

What follows from the site's courses (groups, roles, services, each person's Jupyter server) is worked out by pure functions (`hub_settings`, `server_plan`);
`configuration` puts them into the hub's words; `running` starts and ends it.
"""
