# nbgrader reads this file from the folder it is started in; the settings are in jupyter_config.py.
c = get_config()  # noqa: F821 - Jupyter gives it
load_subconfig("jupyter_config.py")  # noqa: F821
