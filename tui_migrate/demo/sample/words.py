"""The words the sample is made of. All names are made up."""

from typing import Final

GIVEN_NAMES: Final = (
    ("Ada", "ada"), ("Bruno", "bruno"), ("Chiara", "chiara"), ("Dmitri", "dmitri"), ("Eun-ji", "eunji"),
    ("Fatima", "fatima"), ("Gil", "gil"), ("Hana", "hana"), ("Ínigo", "inigo"), ("Jonas", "jonas"),
    ("Kofi", "kofi"), ("Łucja", "lucja"), ("Mira", "mira"), ("Ngọc", "ngoc"), ("Orla", "orla"),
    ("Priya", "priya"), ("Quentin", "quentin"), ("Rasmus", "rasmus"), ("Søren", "soren"), ("Tariq", "tariq"),
    ("Uma", "uma"), ("美咲", "misaki"), ("Yusuf", "yusuf"), ("Zoë", "zoe"),
)  # fmt: skip
"""Given names, and how they are written in a user name."""

FAMILY_NAMES: Final = (
    ("Almqvist", "almqvist"), ("Bàrberà", "barbera"), ("Castellan", "castellan"), ("Dobrev", "dobrev"),
    ("Eyjólfsson", "eyjolfsson"), ("Fontaine", "fontaine"), ("Grünwald", "gruenwald"), ("Haddad", "haddad"),
    ("Iwasaki", "iwasaki"), ("Jelínek", "jelinek"), ("Kowalczyk", "kowalczyk"), ("Lindqvist", "lindqvist"),
    ("Marchetti", "marchetti"), ("Nakagawa", "nakagawa"), ("O’Rourke", "orourke"), ("Petrović", "petrovic"),
    ("Quispe", "quispe"), ("Rautio", "rautio"), ("Szabó", "szabo"), ("Tamm", "tamm"),
)  # fmt: skip
"""Family names, and how they are written in a user name."""

COMPANIES: Final = (
    "Northlight", "Copper Kettle", "Blue Heron", "Quiet Harbour", "Larkspur", "Stonebridge", "Paper Lantern",
    "Ninefold", "Salt & Timber", "Verbena", "Halfmoon", "Granary",
)  # fmt: skip

TRADES: Final = ("Labs", "Studio", "Press", "Systems", "Foods", "Logistics", "Clinic", "Archive")

TOPICS: Final = (
    "garden plan", "tax return", "reading list", "trip to the coast", "recipe box", "thesis outline",
    "sprint notes", "language course", "house repairs", "birthday party", "lab results", "budget",
    "piano practice", "family tree", "job interview", "bird log",
)  # fmt: skip

OPENINGS: Final = (
    "Could you help me with the", "Here is what I have for the", "Let us go on with the", "A summary of the",
    "I am stuck at the", "Please check the",
)  # fmt: skip

SENTENCES: Final = (
    "The second part is still missing.", "Three points are open, the first of them is urgent.",
    "I have moved the dates to next week.", "The figures add up now.", "Nobody has answered yet.",
    "Let me know what you would change.", "It takes about 20 minutes.", "The old version is in the archive.",
    "This was easier than I thought.", "I would leave the last paragraph out.", "See the attached sketch.",
    "Prices are in € and include tax.",
)  # fmt: skip

MODELS: Final = ("brain-small", "brain-medium", "brain-large")
