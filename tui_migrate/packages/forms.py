"""The forms that a package comes in: our own, MongoDB's, and those of other systems."""

from enum import StrEnum


class PackageForm(StrEnum):
    """How a package lies on disk. What it is called there says nothing: its bytes do."""

    NATIVE = "native"
    """A folder that `mongorestore --gzip` takes, with a manifest."""
    TAR = "tar"
    """The same as one file."""
    DUMP = "mongodump"
    """A folder as mongodump writes it, of one database or of several, packed or not."""
    BSON = "bson"
    """The documents of one collection, one behind the other."""
    ARCHIVE = "archive"
    """One stream with the collections of one or several databases, as `mongodump --archive` writes it."""
    SECOND_BRAIN = "second_brain_database"
    GOFANNON = "gofannon"
    XCODEREVIEWER = "xcodereviewer"
    DAEMON = "daemon"

    @classmethod
    def for_name(cls, name: str) -> "PackageForm":
        """Choose the form of a package that is to be made, where nobody says which: by the ending of its name."""
        return cls.TAR if name.endswith(".tar") else cls.NATIVE

    @property
    def infers_types(self) -> bool:
        """True of the forms that are JSON without types: what a text was is for a type plan to say."""
        return self in _JSON

    @property
    def can_be_written(self) -> bool:
        """True of the forms that an export makes."""
        return self in _WRITTEN


_JSON = (PackageForm.SECOND_BRAIN, PackageForm.GOFANNON, PackageForm.XCODEREVIEWER, PackageForm.DAEMON)
_WRITTEN = (
    PackageForm.NATIVE,
    PackageForm.TAR,
    PackageForm.ARCHIVE,
    PackageForm.SECOND_BRAIN,
    PackageForm.GOFANNON,
    PackageForm.XCODEREVIEWER,
)
