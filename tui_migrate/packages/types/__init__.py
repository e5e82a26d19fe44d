"""Types of values in formats that have none: what was inferred, what the operator made of it, and how it is applied."""
