"""Validation: whether documents are as a catalog says, wherever they lie."""
