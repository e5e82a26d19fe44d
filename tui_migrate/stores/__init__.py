"""Stores: the code that talks to one kind of database each."""
