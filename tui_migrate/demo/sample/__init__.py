"""The sample: a made-up Second Brain database, the same bytes every time it is generated.

Every document is a function of its collection and number alone, and so are the ids that others refer to it by. So
documents are generated one after the other in constant memory, and references hold without any being remembered.
Nothing here asks a clock or a random generator.
"""
