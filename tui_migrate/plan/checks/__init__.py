"""The preflight checks: each looks at both ends of a plan and says what would go wrong. Nothing here writes.

An error stops the run before it starts; a warning is to be read. The same checks run in the face that makes the plan
and again in the worker before it prepares, because time has passed in between.
"""
