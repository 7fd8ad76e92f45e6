"""The command line: one function a command; parses, builds, calls, prints."""

from __future__ import annotations

import atexit
import datetime as dt
import gc
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn

import click

from digest.commands import watching
from digest.commands.backup import backup
from digest.commands.feeds import feed
from digest.commands.outbox import outbox
from digest.commands.pruning import prune
from digest.commands.replaying import replay
from digest.commands.returns import bounces, replies, suppress
from digest.commands.running import DONE, IN_PART, NOT_STARTED, stop_asked
from digest.commands.running import as_json as _json
from digest.commands.running import log_to_terminal as _log_to_terminal
from digest.commands.running import report as _report
from digest.commands.running import the_app as _app
from digest.commands.serving import serve, web_password
from digest.commands.working import worker
from digest.errors import ConfigError, DigestError, MailServerDown, clean
from digest.options import Group, given

if TYPE_CHECKING:
    from digest.app import App
    from digest.editions import Edition, Explanation
    from digest.sources import Collected

VALUES = ("more", "less", "save", "clear")
SPLITS = ("dev", "test", "all")
BASELINES = ("bm25", "tfidf", "mean")
RANKERS = ("digest", "keyless", *BASELINES)
FORMATS = ("terminal", "markdown", "html", "text", "eml")


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="digest", message="digest %(version)s")
def digest() -> None:
    """The daily research-paper newsletter.

    Collects papers, works out which are new to each reader, ranks them by that reader's
    interests, and sends each a personal edition by mail and feed.
    """


for _command in (
    *(feed, outbox, bounces, replies, suppress, serve, web_password, backup, prune),
    *(replay, worker),
):
    digest.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command; every error is one sentence on stderr, and an exit code.

    ``arguments`` are those of the process when they are not given.
    """
    # Read when numpy is first imported. Its threads wait by spinning, which costs more than it
    # gains with small matrices, and takes the cores from other workers and from the pages.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Imports and papers make many objects that stay: to look through them for garbage again and
    # again took a fifth of the time of a short command, and at its end once more.
    gc.set_threshold(100_000, 20, 20)
    atexit.register(gc.freeze)
    try:
        code = digest.main(arguments, standalone_mode=False)
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "digest"
        code = _complain(f"{error.format_message()} See `{command} --help`.", NOT_STARTED)
    except click.ClickException as error:
        code = _complain(error.format_message(), NOT_STARTED)
    except click.Abort:
        code = 130
    except MailServerDown as error:
        code = _complain(error, IN_PART)
    except DigestError as error:
        code = _complain(error, NOT_STARTED)
    except BrokenPipeError:  # the reader of our output, such as `head`, had enough
        sys.stderr.close()
        code = DONE
    except Exception as error:
        if "-v" in sys.argv or "--verbose" in sys.argv:
            raise
        code = _complain(
            f"this is a bug in digest ({type(error).__name__}: {error}); nothing queued is lost, "
            "run the command again with -v and report what it says",
            NOT_STARTED,
        )
    sys.exit(code or DONE)


# The day --------------------------------------------------------------------------------------


@digest.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@click.option("--salvage", is_flag=True, help="Take the whole papers of a damaged file.")
def collect(paths: tuple[Path, ...], salvage: bool) -> int:
    """Take in the named digest files, or those in the inbox."""
    from digest import answers, collecting

    app = _app()
    if salvage and not paths:
        raise click.UsageError("--salvage needs the file to take papers from")
    if not paths:
        app.settle()
    taken: Iterator[Collected]
    if paths:
        files = _expanded(paths)
        taken = collecting.collect_files(
            app.store, files, app.clock(), app.settings.collect, salvage=salvage
        )
        taken = watching.collecting(app, taken, len(files))
    else:
        taken = watching.collecting(app, app.collect())
    report = answers.collected(list(taken))
    return _report(report, answers.say_collected)


@digest.command()
@click.argument("names", nargs=-1, metavar="[SOURCE]...")
def poll(names: tuple[str, ...]) -> int:
    """Fetch from the named sources, or from all that may be asked again by now."""
    from digest import answers

    runs = watching.polling(_app().poll(names), names)
    return _report(answers.polled(list(runs)), answers.say_polled)


@digest.command()
def sources() -> int:
    """Show how every source is doing, and the last 30 days of each."""
    from digest import answers

    return _report(answers.sources(_app().healths()), answers.say_sources)


@digest.command()
def compose() -> int:
    """Compose every edition that is due, and queue its mail."""
    from digest import answers, composing

    app = _app()
    found = list(watching.composing(app, composing.compose(app)))
    return _report(answers.composed(found), answers.say_composed)


@digest.command()
def deliver() -> int:
    """Send the mails that are queued."""
    stop = stop_asked()
    from digest import answers

    app = _app()
    found = watching.delivering(app, app.deliver(stop.is_set))
    return _report(answers.delivered(app, found), answers.say_delivered)


@digest.command()
def send() -> int:
    """Collect, compose what is due and deliver, once."""
    stop = stop_asked()
    from digest import answers, composing

    app = _app()
    app.settle()
    report = {
        "collect": answers.collected(list(watching.collecting(app, app.collect()))),
        "poll": answers.polled(list(watching.polling(app.poll()))),
        "compose": answers.composed(list(watching.composing(app, composing.compose(app)))),
        "deliver": answers.delivered(app, watching.delivering(app, app.deliver(stop.is_set))),
    }
    return _report(report, answers.say_day)


@digest.command()
def run() -> None:
    """Run the scheduler until it is stopped."""
    stop = stop_asked()
    from digest import scheduler

    _log_to_terminal()
    scheduler.run(_app(), stop)


# Looking --------------------------------------------------------------------------------------


@digest.command()
@click.argument("who")
@click.option("--format", "form", type=click.Choice(FORMATS), default="terminal")
@click.option(
    "--date", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD", help="The edition's day."
)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write it there.")
@click.option("--open", "open_it", is_flag=True, help="Show it in the web browser.")
@click.option("--explain", is_flag=True, help="Add the evidence, and what was left out and why.")
def preview(
    who: str,
    form: str,
    date: dt.datetime | None,
    output: Path | None,
    open_it: bool,
    explain: bool,
) -> None:
    """Show what WHO (an id or an address) would be sent, and change nothing."""
    from digest import answers

    app = _app()
    subscriber = app.entry(who).subscriber
    day = date.date() if date else None
    edition, explanation = app.preview(subscriber, day, explain=explain)
    if given("json"):
        _put(_json(answers.edition(edition, explanation)), output, False, "json")
        return
    if open_it and form == "terminal":
        form = "html"
    if explain and form != "terminal":
        click.echo(_terminal(app, edition, explanation, explain), err=True)
    data = (
        _terminal(app, edition, explanation, explain).encode()
        if form == "terminal"
        else _rendered(app, edition, form)
    )
    _put(data, output, open_it, form)


@digest.command()
def check() -> int:
    """Load the configuration, open the store, greet the mail server; say what is wrong."""
    from digest import answers

    return _report(answers.checked(_app()), answers.say_checked)


# Teaching -------------------------------------------------------------------------------------


@digest.command()
@click.argument("who")
@click.argument("paper")
@click.argument("value", type=click.Choice(VALUES))
@click.option("--interest", metavar="NAME", help="The interest it is said for.")
def vote(who: str, paper: str, value: Any, interest: str | None) -> int:
    """Say of a PAPER that WHO wants more or less like it, keeps it, or takes that back.

    PAPER is an arXiv id, a DOI, an address of either, or a title.
    """
    from digest import answers, teaching

    found = teaching.vote(_app(), who, paper, value, interest)
    return _report(answers.voted(found), answers.say_voted)


# Judging --------------------------------------------------------------------------------------


@digest.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path), metavar="[DIR]")
@click.option("--history", is_flag=True, help="Measure on the votes of this installation.")
@click.option("--split", type=click.Choice(SPLITS), help="Which readers; test by default.")
@click.option(
    "--rank-by",
    type=click.Choice(RANKERS),
    help="What ranks; by default digest, with the encoder that is installed. keyless: without.",
)
@click.option("--baseline", type=click.Choice(BASELINES), help="What it is compared with.")
def evaluate(
    folder: Path | None,
    history: bool,
    split: Any,
    rank_by: str | None,
    baseline: str | None,
) -> int:
    """Measure the ranking on the collections in DIR, or on what readers here kept.

    A collection is a folder with papers.jsonl and episodes.jsonl. Its readers fall into two
    halves by a hash: dev to tune on, and test to report on.
    """
    if history == (folder is not None):
        raise click.UsageError("name a DIR of collections, or --history, and not both")
    if history and (split or rank_by):
        raise click.UsageError("--split and --rank-by are for collections")
    from digest import judging

    if folder is None:
        rows = judging.on_history(_app(), baseline)
    else:
        rows = judging.on_collections(folder, split or "test", rank_by or "digest", baseline)
    return _report(judging.answer(rows), lambda _: judging.say_rows(rows))


@digest.command()
@click.option("--write", is_flag=True, help="Write what is proposed into the configuration.")
def tune(write: bool) -> int:
    """Propose settings from what readers here kept; change nothing unless told to."""
    from digest import tuning

    app = _app()
    found = tuning.proposals(app)
    written = write and tuning.write(app, found)
    return _report(tuning.answer(found, str(app.settings.file) if written else None), tuning.say)


@digest.command()
@click.argument("file", type=click.File("rb"))
def lint(file: BinaryIO) -> int:
    """Check a mail (an .eml FILE, or - for what comes in) as strict receivers would.

    The exit code is 1 when a rule is broken for which mails are refused, hidden or misread.
    """
    from digest import answers

    return _report(answers.linted(file.read()), answers.say_linted)


# Setting up -----------------------------------------------------------------------------------


@digest.command("dkim-key")
@click.argument("domain")
@click.option("--selector", default="digest", show_default=True, help="The key's name in DNS.")
@click.option(
    "--kind",
    type=click.Choice(["rsa", "ed25519"]),
    default="rsa",
    show_default=True,
    help="What kind of key; receivers all know rsa.",
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=".",
    show_default=True,
    help="Where the file goes.",
)
def dkim_key(domain: str, selector: str, kind: Any, folder: Path) -> int:
    """Make a key that signs mails of DOMAIN (DKIM), and show the record for its DNS."""
    from digest import answers

    return _report(answers.dkim_key(selector, domain, folder, kind), answers.say_dkim_key)


@digest.command()
@click.argument("folder", type=click.Path(path_type=Path), default=".", metavar="[DIR]")
def init(folder: Path) -> int:
    """Write a commented configuration and an inbox into DIR; nothing is overwritten."""
    from digest import answers, starter

    return _report(answers.started(starter.start(folder)), answers.say_started)


@digest.command()
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default="demo",
    help="Where the demonstration writes; `demo` here by default.",
)
def demo(folder: Path) -> int:
    """Run the day once on the papers and subscribers of the sample."""
    from digest import answers, demonstration

    return _report(demonstration.run(folder, given("now")), answers.say_demo)


@digest.group(cls=Group)
def subscribers() -> None:
    """See and change who reads."""


@subscribers.command("list")
def list_() -> int:
    """List all subscribers with their state and schedule."""
    from digest import answers

    return _report(answers.subscribers(_app().store.subscribers.all()), answers.say_subscribers)


@subscribers.command()
@click.argument("who")
def show(who: str) -> int:
    """Show what is known of WHO."""
    from digest import answers

    return _report(answers.subscriber(_app().entry(who)), answers.say_subscriber)


@subscribers.command()
@click.argument("address")
@click.option("--id", "id_", help="A short name; otherwise made from the address.")
@click.option("--name", default="", help="How mails address them.")
@click.option("--timezone", default="UTC", show_default=True)
@click.option("--hour", type=int, default=7, show_default=True, help="Local hour, 0 to 23.")
@click.option("--weekdays", default="", help="Such as mon,wed,fri; otherwise every day.")
@click.option("--size", type=int, default=10, show_default=True, help="Papers at most.")
@click.option("--interest", "texts", multiple=True, help="What they want, in words; repeatable.")
@click.option("--keyword", "keywords", multiple=True, help="A keyword, or 'a | b'; repeatable.")
@click.option("--required", multiple=True, help="What every paper has to hold; repeatable.")
@click.option("--always", multiple=True, help="What is always in the edition; repeatable.")
@click.option("--dislike", "dislikes", multiple=True, help="A paper disliked; repeatable.")
@click.option("--category", "categories", multiple=True, help="Such as cs.CL or cs; repeatable.")
@click.option("--source", "sources", multiple=True, help="A source preferred; repeatable.")
@click.option("--preferred", multiple=True, help="Words that count for more; repeatable.")
@click.option("--muted", multiple=True, help="Words never to be shown; repeatable.")
@click.option("--abstract", default="", help="none, tldr or full; otherwise the newsletter's.")
@click.option("--quiet", default="mail", show_default=True, help="Empty days: mail or none.")
def add(address: str, id_: str | None, weekdays: str, **stated: Any) -> int:
    """Add the reader with this ADDRESS to the store."""
    from digest import answers, roster

    reader = roster.stated(address, id_, weekdays.replace(",", " ").split(), **stated)
    _warn(roster.add(_app(), [reader]))
    return _report(answers.subscriber(_app().entry(reader.id)), answers.say_subscriber)


@subscribers.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def import_(file: Path) -> int:
    """Take the subscribers of a FILE in the form of subscribers.yaml into the store."""
    from digest import answers, roster

    ids, suppressed = roster.take_in(_app(), file)
    _warn(suppressed)
    return _report(answers.imported(ids), answers.say_imported)


@subscribers.command()
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write it there.")
def export(output: Path | None) -> int | None:
    """Write all subscribers in the form of subscribers.yaml."""
    from digest import answers, roster

    entries = _app().store.subscribers.all()
    if given("json"):
        return _report(answers.subscribers(entries), answers.say_subscribers)
    _put(roster.as_yaml(entries).encode(), output, False, "yaml")
    return None


@subscribers.command()
@click.argument("who")
def pause(who: str) -> int:
    """Send WHO nothing until they resume."""
    return _change(who, lambda app, id_: app.store.subscribers.pause(id_, app.clock()))


@subscribers.command()
@click.argument("who")
def resume(who: str) -> int:
    """Send WHO editions again."""
    return _change(who, lambda app, id_: app.store.subscribers.resume(id_))


@subscribers.command()
@click.argument("who")
def remove(who: str) -> int:
    """Send WHO nothing any more, not even what is queued."""
    return _change(who, lambda app, id_: app.store.subscribers.leave(id_, app.clock()))


@subscribers.command()
@click.argument("who")
def votes(who: str) -> int:
    """Show everything WHO said of papers, oldest first."""
    from digest import answers, teaching

    return _report(answers.votes(teaching.history(_app(), who)), answers.say_votes)


@subscribers.command("import-likes")
@click.argument("who")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--interest", metavar="NAME", help="The interest they are liked for.")
def import_likes(who: str, file: Path, interest: str | None) -> int:
    """Take in a library of papers that WHO likes: BibTeX, RIS, CSL-JSON, Zotero, OPML."""
    from digest import answers, teaching

    found = teaching.import_likes(_app(), who, file, interest)
    return _report(answers.liked(found), answers.say_liked)


def _change(who: str, change: Callable[[App, str], None]) -> int:
    from digest import answers

    app = _app()
    entry = app.entry(who)
    change(app, entry.subscriber.id)
    return _report(answers.subscriber(app.entry(entry.subscriber.id)), answers.say_subscriber)


# What commands share --------------------------------------------------------------------------


def _rendered(app: App, edition: Edition, form: str) -> bytes:
    from digest.render import markdown

    if form == "eml":
        return app.message(edition).data
    if form == "markdown":
        return markdown.markdown(edition, app.settings.mail, app.env).encode()
    write = {"html": app.press.html, "text": app.press.text}[form]
    return write(edition).encode()


def _terminal(app: App, edition: Edition, explanation: Explanation | None, explain: bool) -> str:
    from digest.render.terminal import terminal

    return terminal(
        explanation.of(edition) if explanation else edition,
        app.settings.mail,
        color=sys.stdout.isatty(),
        left_out=explanation.left_out if explanation else (),
        evidence=explain,
    )


def _put(data: bytes, output: Path | None, open_it: bool, form: str) -> None:
    """Write to the file, the browser or stdout, as asked."""
    if open_it and output is None:
        import tempfile

        ending = {"terminal": "txt", "text": "txt", "markdown": "md"}.get(form, form)
        with tempfile.NamedTemporaryFile(
            prefix="digest-", suffix=f".{ending}", delete=False
        ) as file:
            output = Path(file.name)
    if output is None:
        click.echo(data, nl=not data.endswith(b"\n"))
        return
    try:
        output.write_bytes(data)
    except OSError as error:
        raise ConfigError(
            f"{output} cannot be written ({error.strerror}); choose another --output"
        ) from error
    if open_it:
        click.launch(str(output.resolve()))


def _expanded(paths: tuple[Path, ...]) -> list[Path]:
    """The files named, and for a folder the files directly in it, by name."""
    return [
        file
        for path in paths
        for file in (sorted(f for f in path.iterdir() if f.is_file()) if path.is_dir() else [path])
    ]


def _warn(sentences: Sequence[str]) -> None:
    for sentence in sentences:
        click.echo(f"digest: {clean(sentence)}", err=True)


def _complain(error: DigestError | str, code: int) -> int:
    click.echo(f"digest: {clean(str(error))}", err=True)
    return code
