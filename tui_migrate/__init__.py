"""tui-migrate: move document data between databases and packages, watch it happen, take it back."""

__version__ = "0.1.0"
