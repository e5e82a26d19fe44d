"""The JSON files of other systems: read strictly and in a bounded memory, and written so that no type is lost."""
