"""How much room a character takes in a text message (3GPP TS 23.038, which was GSM 03.38)."""

SEPTETS = 160  # in one message, if all of its characters are in the alphabet
UNITS = 70  # of UTF-16 in one message, if only one of them is not

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")  # an escape and one more
_BEYOND_ONE_UNIT = 0x10000


def is_plain(text: str) -> bool:
    """Tell whether all characters are in the alphabet."""
    return all(char in _BASIC or char in _EXTENSION for char in text)


def septets(char: str) -> int:
    """Return what a character of the alphabet takes."""
    return 2 if char in _EXTENSION else 1


def units(char: str) -> int:
    """Return what any character takes once a single one is not in the alphabet."""
    return 1 if ord(char) < _BEYOND_ONE_UNIT else 2
