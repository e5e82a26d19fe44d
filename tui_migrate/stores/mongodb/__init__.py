"""The MongoDB store. Importing this imports pymongo, so only the registry does, when a store is opened."""

from tui_migrate.stores.mongodb.store import MongoStore

__all__ = ["MongoStore"]
