"""Settings that the readers' own votes propose, and digest.yaml changed to them when asked."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

from digest.amending import amend
from digest.app import App
from digest.compose.profiles import ProfileSettings
from digest.config import PREFIX
from digest.errors import ConfigError
from digest.evaluate import pooling, tuning
from digest.evaluate.measuring import Ranker
from digest.evaluate.moments import Moment, product
from digest.evaluate.tuning import HALF_LIVES, Proposal
from digest.judging import past

Answer = dict[str, Any]


def proposals(app: App) -> list[Proposal]:
    """A proposal for each setting that votes can judge; those to be left say why."""
    profile, compose = app.settings.profile, app.settings.compose
    shown: list[tuning.Shown] = []
    measured: list[pooling.Measured] = []
    for moment in past(app).moments():
        shown += tuning.shown(moment, profile, app.settings.public.half_life_days)
        measured += pooling.measured(moment, _rankers(moment, profile.vote_half_life_days))
    return [
        tuning.threshold(shown, compose.threshold),
        tuning.trend_weight(shown, compose.trend_weight),
        tuning.half_life(measured, profile.vote_half_life_days),
    ]


def _rankers(moment: Moment, now: float) -> dict[str, Ranker]:
    return {
        tuning.name(days): product(moment, ProfileSettings(vote_half_life_days=days))
        for days in (now, *HALF_LIVES)
    }


def write(app: App, found: Sequence[Proposal]) -> bool:
    """Write what is proposed into digest.yaml, one setting after the other; whether anything was.

    Raises: ConfigError, when a setting cannot be written, or the environment lies over it.
    """
    proposed = [(one, one.then) for one in found if one.then is not None]
    for one, _ in proposed:
        variable = f"{PREFIX}{one.setting.replace('.', '__')}".upper()
        if variable in os.environ:
            raise ConfigError(
                f"the environment variable {variable} lies over the file; change it there"
            )
    for one, then in proposed:
        section, _, key = one.setting.partition(".")
        amend(app.settings.file, section, key, then)
    return bool(proposed)


def answer(found: Sequence[Proposal], file: str | None) -> Answer:
    """``proposals``, as in ``Proposal``; ``written``: the file they were written to, or null."""
    return {"proposals": [asdict(one) for one in found], "written": file}


def say(answer: Answer) -> None:
    for one in answer["proposals"]:
        then = one["then"]
        verdict = f"stays {one['now']:g}" if then is None else f"{one['now']:g} → {then:g}"
        click.echo(f"{one['setting']}: {verdict}; {one['why']}.")
        if one["figure"]:
            click.echo(f"    {_figure(one['figure'])}")
    if answer["written"]:
        click.echo(f"Written to {answer['written']}.")
    elif any(one["then"] is not None for one in answer["proposals"]):
        click.echo("Nothing was changed; `digest tune --write` writes it into the configuration.")


def _figure(figure: Answer) -> str:
    low, high = figure["interval"]
    of = "for the setting" if figure["interval_of"] == "setting" else "for the gain"
    return (
        f"{figure['measure']}: {figure['now']:.3f} now, {figure['then']:.3f} then; "
        f"95 % {of}: {low:.3g} to {high:.3g}"
    )
