"""The checksum over a collection's documents in an archive."""


def crc64(content: bytes, before: int = 0) -> int:
    """Go on with a CRC-64 from `before`: Go's `crc64.ECMA`, reflected and inverted, known elsewhere as that of xz."""
    from fastcrc import crc64 as algorithms

    return algorithms.xz(content, before)
