"""The forms that MongoDB's own tools write: folders of BSON files, single files of them, and archives."""
