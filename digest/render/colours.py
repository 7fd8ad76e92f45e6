"""Colours that can be read: the owner's accent on a light and on a dark ground."""

from __future__ import annotations

LIGHT, DARK = "#ffffff", "#17191d"
"""The grounds of the mail in its two modes."""

CONTRAST = 4.6
"""The least contrast of text: WCAG 2.2 §1.4.3 asks for 4.5; the rest is for rounding."""

DARK_CONTRAST = 6.5
"""The least contrast on a dark ground, where the same ratio looks duller."""


def readable(colour: str, ground: str, least: float = CONTRAST) -> str:
    """``colour`` (#rrggbb), moved away from ``ground`` until their contrast is ``least``."""
    target = (0, 0, 0) if _luminance(_rgb(ground)) > 0.18 else (255, 255, 255)
    start = _rgb(colour)
    for step in range(21):
        mixed = tuple(round(a + (b - a) * step / 20) for a, b in zip(start, target, strict=True))
        if contrast(_hex(mixed), ground) >= least:
            break
    return _hex(mixed)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    low, high = sorted((_luminance(_rgb(one)), _luminance(_rgb(other))))
    return (high + 0.05) / (low + 0.05)


def _luminance(rgb: tuple[int, ...]) -> float:
    """Relative luminance, 0 to 1 (WCAG 2.2, "relative luminance")."""
    red, green, blue = (
        c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in rgb
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _rgb(colour: str) -> tuple[int, ...]:
    """The three parts of #rrggbb."""
    return tuple(bytes.fromhex(colour[1:]))


def _hex(rgb: tuple[int, ...]) -> str:
    """Three parts as #rrggbb."""
    return "#" + bytes(rgb).hex()
