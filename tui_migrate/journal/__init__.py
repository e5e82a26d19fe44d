"""The journal: the one SQLite file through which the worker and every face talk."""
