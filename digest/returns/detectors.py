"""The addresses that flufl.bounce finds in reports of servers that knew no standard."""

from __future__ import annotations

import logging
from email import message_from_bytes
from email.message import Message

from digest.returns.opened import Opened

_NAME = "flufl.bounce"


def failures(mail: Opened) -> tuple[list[str], list[str]]:
    """The addresses that are delayed and those that are dead, each in order; none when unsure."""
    from flufl.bounce import all_failures  # late: most reports are told apart without it

    # It tells the world of each detector it runs, and of each that fails, with a traceback.
    logging.getLogger(_NAME).setLevel(logging.CRITICAL + 1)
    try:
        found = all_failures(_tamed(mail.message))
    except Exception:  # its detectors were not written for mails that are made to break them
        return [], []
    temporary, permanent = (sorted(each.decode("utf-8", "replace") for each in s) for s in found)
    return temporary, permanent


def _tamed(message: Message) -> Message:
    """The mail as most detectors expect one: with a sender, and nothing but ASCII in its header."""
    kept = [(name, str(value)) for name, value in message.items()]
    tamed = message_from_bytes(b"")
    for name, value in [*kept, ("From", "<>")]:
        tamed[name] = value.encode("ascii", "replace").decode()
    tamed.set_payload(message.get_payload())
    return tamed
