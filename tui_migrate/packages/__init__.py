"""Packages: a migration on disk."""
