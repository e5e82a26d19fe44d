"""The codes of findings that come from the readers of packages, whatever form they read."""

from typing import Final

OF_PACKAGES: Final = (
    "attachments", "checksum_differs", "checksum_missing", "checksum_unusable", "checksums_absent",
    "collection_count", "collection_empty", "collection_missing", "collection_twice", "collection_unfinished",
    "collection_unknown", "design_document", "document_count", "document_malformed", "document_unreadable",
    "dump_empty", "extended_json", "field_missing", "file_damaged", "file_digest", "file_extra", "file_kind",
    "file_missing", "file_name", "file_size", "file_unreadable", "gzip_name", "header_malformed", "header_missing",
    "id_duplicate", "id_forbidden", "id_missing", "id_order", "id_twice", "index_duplicate", "index_id_repeated",
    "index_kind_unknown", "index_malformed", "key_twice", "key_unknown", "keys_not_compared", "manifest_damaged",
    "manifest_missing", "marker_late", "member_damaged", "metadata_damaged", "metadata_missing", "metadata_newer",
    "name_with_zero", "number_not_json", "number_rounded", "number_too_large", "orphan", "package_newer",
    "prelude_damaged",
    "references_unchecked", "revision", "rollback_assumed", "schema_unsupported", "size_differs", "stream_digest",
    "tar_damaged", "tar_name", "tar_padding", "type_ambiguous", "type_misfit", "type_paths", "version_missing",
    "view_malformed", "view_source_missing", "view_with_documents",
)  # fmt: skip
