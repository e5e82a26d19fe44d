"""Mapping: what a run changes in documents on their way, between the source as it is and what the target gets."""
