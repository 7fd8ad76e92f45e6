"""How text looks by inline styles alone: colours, size, hidden or not.

Style sheets are left out on purpose: many mail programs drop them, and what is left must be
readable.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

Colour = tuple[int, int, int]

NAMED: Mapping[str, Colour] = {
    "black": (0, 0, 0),
    "silver": (192, 192, 192),
    "gray": (128, 128, 128),
    "grey": (128, 128, 128),
    "lightgray": (211, 211, 211),
    "lightgrey": (211, 211, 211),
    "darkgray": (169, 169, 169),
    "darkgrey": (169, 169, 169),
    "white": (255, 255, 255),
    "maroon": (128, 0, 0),
    "red": (255, 0, 0),
    "purple": (128, 0, 128),
    "fuchsia": (255, 0, 255),
    "green": (0, 128, 0),
    "lime": (0, 255, 0),
    "olive": (128, 128, 0),
    "yellow": (255, 255, 0),
    "navy": (0, 0, 128),
    "blue": (0, 0, 255),
    "teal": (0, 128, 128),
    "aqua": (0, 255, 255),
    "orange": (255, 165, 0),
}
LINK: Colour = (0, 0, 238)
"""What browsers make of a link without a colour."""

_HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})")
_RGB = re.compile(r"rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)")
_SIZE = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)(px|pt|em|rem|%)")
_SIZES = {"xx-small": 9, "x-small": 10, "small": 13, "medium": 16, "large": 18, "x-large": 24}
_UNITS = {"px": 1.0, "pt": 4 / 3, "rem": 16.0}
_TAG_SIZES = {"h1": 32.0, "h2": 24.0, "h3": 18.7, "h4": 16.0, "h5": 13.3, "h6": 10.7}
_BOLD = {"h1", "h2", "h3", "h4", "h5", "h6", "b", "strong", "th"}
_ZERO = ("0", "0px", "0.0")
_SAME = ("inherit", "currentcolor", "transparent", "initial", "unset", "none")


@dataclass(frozen=True, slots=True)
class Look:
    """``size`` is in CSS pixels; a colour is None where it cannot be known."""

    colour: Colour | None = (0, 0, 0)
    ground: Colour | None = (255, 255, 255)
    size: float = 16.0
    bold: bool = False
    hidden: bool = False


def declarations(style: str) -> dict[str, str]:
    """The declarations of a style attribute, in lower case; the last of a name counts."""
    pairs = (part.partition(":") for part in style.lower().split(";"))
    cleaned = {name.strip(): value for name, colon, value in pairs if colon}
    return {name: value.replace("!important", "").strip() for name, value in cleaned.items()}


def look(above: Look, name: str, attributes: Mapping[str, str], style: Mapping[str, str]) -> Look:
    """How text in an element looks that stands in one which looks like ``above``."""
    if not attributes and name not in _TAG_SIZES and name not in _BOLD:
        return above
    return replace(
        above,
        colour=_colour(above, name, attributes, style),
        ground=_ground(above, attributes, style),
        size=_size(above, name, style),
        bold=_bold(above, name, style),
        hidden=above.hidden or _hidden(attributes, style),
    )


def _colour(
    above: Look, name: str, attributes: Mapping[str, str], style: Mapping[str, str]
) -> Colour | None:
    named = attributes.get("color") if name == "font" else attributes.get("text")
    value = style.get("color", (named or "").strip().lower())
    if value and value not in _SAME:
        return colour(value)
    return LINK if name == "a" and "href" in attributes and not value else above.colour


def _ground(above: Look, attributes: Mapping[str, str], style: Mapping[str, str]) -> Colour | None:
    value = style.get("background-color") or style.get("background", "")
    picture = "url(" in style.get("background", "") + style.get("background-image", "")
    if picture or attributes.get("background") or "gradient(" in value:
        return None
    value = value or attributes.get("bgcolor", "").strip().lower()
    return colour(value) if value and value not in _SAME else above.ground


def _size(above: Look, name: str, style: Mapping[str, str]) -> float:
    value = style.get("font-size", style.get("font", ""))
    found = _SIZE.search(value)
    if not found:
        return float(_SIZES.get(value, _TAG_SIZES.get(name, above.size)))
    number, unit = float(found[1]), found[2]
    if unit in _UNITS:
        return number * _UNITS[unit]
    return above.size * (number / 100 if unit == "%" else number)


def _bold(above: Look, name: str, style: Mapping[str, str]) -> bool:
    weight = style.get("font-weight", "")
    if weight.isdecimal():
        return len(weight) > 2 and weight >= "600"
    return weight == "bold" if weight else above.bold or name in _BOLD


def _hidden(attributes: Mapping[str, str], style: Mapping[str, str]) -> bool:
    return (
        "hidden" in attributes
        or style.get("display") == "none"
        or style.get("visibility") == "hidden"
        or style.get("mso-hide") == "all"
        or style.get("opacity") in _ZERO
        or (style.get("max-height") in _ZERO and style.get("overflow") == "hidden")
        or style.get("font-size") in _ZERO
    )


def colour(value: str) -> Colour | None:
    """The colour that ``value`` (CSS, lower case) names; None for what is not known here."""
    if _HEX.fullmatch(value):
        digits = value[1:] if len(value) == 7 else "".join(mark * 2 for mark in value[1:])
        red, green, blue = bytes.fromhex(digits)
        return red, green, blue
    if found := _RGB.fullmatch(value):
        red, green, blue = (min(int(part), 255) for part in found.groups())
        return red, green, blue
    return NAMED.get(value)


def contrast(one: Colour, other: Colour) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(parts: Colour) -> float:
    """Relative luminance, 0 to 1 (WCAG 2.2, "relative luminance")."""
    red, green, blue = (
        part / 3294.6 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
