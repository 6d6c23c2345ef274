"""Fits a text into one SMS (3GPP TS 23.038, formerly GSM 03.38)."""

from notifications.shortening import shorten

SEPTETS = 160  # in one SMS, if all characters are in the GSM alphabet
UNITS = 70  # UTF-16 code units in one SMS otherwise
DOTS = "..."  # `…` is not in the alphabet, and would leave less than half of the room

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")  # two septets: an escape and the character
_BEYOND_ONE_UNIT = 0x10000


def one_sms(title: str, body: str) -> str:
    """Return title and body, cut to one SMS: an SMS of several parts costs several times as much."""
    text = f"Baraza: {title}: {body}"
    short = shorten(text, SEPTETS, DOTS, _septets)
    return short if _is_in_alphabet(short) else shorten(text, UNITS, DOTS, _units)


def _is_in_alphabet(text: str) -> bool:
    return all(char in _BASIC or char in _EXTENSION for char in text)


def _septets(char: str) -> int:
    return 2 if char in _EXTENSION else 1


def _units(char: str) -> int:
    return 1 if ord(char) < _BEYOND_ONE_UNIT else 2
