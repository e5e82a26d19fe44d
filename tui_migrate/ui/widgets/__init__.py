"""Widgets of our own: line by line, so that only what has changed goes over the wire."""
