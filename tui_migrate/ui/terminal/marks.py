"""What stands for the program's marks and lines where ASCII is all there is: one cell for one cell."""

from typing import Final

_PAIRS: Final = (
    # The marks of a run's states, as the command line has them.
    "✓+ ✗x ‖= ↶< ●* ○o "
    # Bars, of eighths to the right and upwards, and shades.
    "█# ▉# ▊# ▋# ▌# ▍: ▎: ▏| ▐# ░. ▒: ▓# ▁_ ▂_ ▃. ▄- ▅= ▆+ ▇# ▀- ▔- ▕| "
    # Punctuation, arrows and signs.
    "…~ –- —- ―- −- →> ←< ↑^ ↓v ⇒> ▶> ▸> ◀< ◂< ▲^ ▼v ▴^ ▾v •* ·. ‘' ’' “\" ”\" «< »> ‹< ›> "
    "×x ≈~ ≤< ≥> ≠! ■# □o ◆* ◇o ◐* ⚠! "
)

_HORIZONTAL: Final = "─━┄┅┈┉╌╍═╴╶╸╺╼╾"
_VERTICAL: Final = "│┃┆┇┊┋╎╏║╵╷╹╻╽╿"

_BOX: Final = {chr(code): "+" for code in range(0x2500, 0x2580)}
_LINES: Final = dict.fromkeys(_HORIZONTAL, "-") | dict.fromkeys(_VERTICAL, "|")

TWINS: Final[dict[str, str]] = _BOX | _LINES | {pair[0]: pair[1] for pair in _PAIRS.split()}
"""Mark to its ASCII twin, which is as wide."""
