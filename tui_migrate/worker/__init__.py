"""The worker: the detached process that executes a run, and what starts, locks and steers it."""
