"""How many there are of something, in words that agree with the number."""


def amount(value: int, noun: str) -> str:
    """Show how many there are of something: `1 document`, `2,000 documents`."""
    return f"{value:,} {noun}{'' if value == 1 else 's'}"


def documents_that(value: int, singular: str, plural: str) -> str:
    """Say how many documents do something: `1 document differs`, `2 documents differ`."""
    return f"{amount(value, 'document')} {singular if value == 1 else plural}"
