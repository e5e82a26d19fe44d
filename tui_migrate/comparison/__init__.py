"""Comparison: what two databases or packages have that differs, down to the field."""
