"""The demo: two embedded servers with sample data, ready to migrate."""
