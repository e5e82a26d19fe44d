"""Catalogs: what is known of an application's data, so that it can be moved, checked, cut to one user, and redacted."""
