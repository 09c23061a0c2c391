"""Runs many submissions: in processes of this machine, or on a Dask cluster. Jobs in, results out; only the coordinator writes databases."""
