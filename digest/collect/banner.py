"""The navigation a copied page carries above its first paper."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from digest.collect.page_dates import page_date

_INBOX = re.compile(
    r"(?:new\s*)?get\s+(?:\w+\s+){0,3}papers\s+in\s+your\s+(?:e-?mail\s+)?inbox"
    r"(?:\s+(?:once|twice)\s+a\s+(?:day|week)|\s+every\s+(?:day|week)|\s+daily|\s+weekly)?\s*[!.]*\s*",
    re.IGNORECASE,
)
_COMMUNITY = re.compile(
    r"(?:daily\s+papers\s*)?by\s*\S{1,40}\s+and\s+the\s+research\s+community[!.]?", re.IGNORECASE
)
_BUTTON = re.compile(
    r"new|subscribe|daily|weekly|monthly|daily\s+papers|trending\s+papers", re.IGNORECASE
)
_GLUED = re.compile(r"subscribe\s*(?=\S)", re.IGNORECASE)
_OWN_WORD = re.compile(r"subscribe(?:rs?|d|s)?(?![^\s,:;.-])", re.IGNORECASE)


_PAGE = re.compile(
    r"new|subscribe|daily|weekly|monthly|(?:daily|trending)\s+papers(?:\s*-\s*hugging\s*face)?"
    r"|(?:[-*•·|]?\s*(?:daily|weekly|monthly)\b\s*){2,3}|by|ak|and\s+the\s+research\s+community|by\s*ak"
    r"|(?:hugging\s*face(?:'s)?(?:\s+logo)?|models|datasets|spaces|posts|docs|enterprise|pricing|buckets|community"
    r"|log\s*in|sign\s*up|papers|website|company|tos|terms(?:\s+of\s+service)?|privacy|about|careers|jobs|press"
    r"|system\s+theme|inference(?:\s+(?:endpoints|providers))?|©.{0,40}|today|previous|next|prev"
    r"|huggingchat|tasks|learn|(?:back\s+to\s+)?top|theme|blog|forum|github|settings|solutions|collections|languages"
    r"|organizations|team\s*&\s*enterprise|notifications|search|menu|skip\s+to\s+content|main\s+navigation"
    r"|new\s+papers?|see\s+all|load\s+more|references|(?:visible|hidden)\s+links|\||[-·•*])"
    r"(?:\s+(?:models|datasets|spaces|posts|docs|enterprise|pricing|tos|privacy|about|careers|sign\s+up|log\s+in|terms))*:?",
    re.IGNORECASE,
)
"""What stands alone in the frame of the page: buttons, menus and the small print."""


def is_navigation(text: str) -> bool:
    """Whether ``text`` is a button or a menu of the page, and nothing else."""
    return len(text) <= 200 and _PAGE.fullmatch(text) is not None


def is_banner(line: str) -> bool:
    """Whether ``line`` is navigation wherever it stands, not only above the first paper."""
    return bool(_INBOX.fullmatch(line) or _COMMUNITY.fullmatch(line))


@dataclass(slots=True)
class Head:
    """What has been read above the first paper: feed it lines until it gives one back.

    Any of the lines may be missing, in any order, but nothing of the head follows the date:
    a paper may then be called "New" or "Subscribe".
    """

    arrived: dt.date
    date: dt.date | None = None
    recognised: bool = False
    button: bool = False

    def title(self, line: str) -> str | None:
        """What of ``line`` belongs to the first title; None when all of it is navigation."""
        if self.date:
            return line
        while banner := _INBOX.match(line):
            self.recognised, line = True, line[banner.end() :]
        if not line:
            return None
        if _COMMUNITY.fullmatch(line):
            self.recognised = True
            return None
        if _BUTTON.fullmatch(line):
            self.button = self.button or line.casefold() == "subscribe"
            return None
        self.date = page_date(line, self.arrived)
        return None if self.date else self._unglued(line)

    def _unglued(self, line: str) -> str:
        """``line`` without the "Subscribe" that the compact layout glues to the first title.

        Where no banner was seen, a title about "subscribers" is not taken for it.
        """
        if self.button or (not self.recognised and _OWN_WORD.match(line)):
            return line
        return _GLUED.sub("", line, count=1) if _GLUED.match(line) else line
