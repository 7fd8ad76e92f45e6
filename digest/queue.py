"""A queue of jobs in PostgreSQL, from which any number of programs take work (Procrastinate).

A job that is lost costs nothing but time: it says which part of the work to look at, and what is to
be done there is asked of the store. So jobs are never migrated: a program with another layout of
the queue has tables of its own, and programs of both kinds can run side by side.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from digest.errors import StoreError

if TYPE_CHECKING:
    import procrastinate

log = logging.getLogger("digest")

STALLED_S = 30.0
"""After how long without a word from it a worker is taken for dead."""

BEATS = 6
"""How often in that time it says that it lives, and looks for what the dead had begun.

A job that holds Python's lock for long delays the beat, hence the distance between the two.
"""

POLL_S = 5.0
"""How often a worker looks for jobs of which it was not told."""

CONNECT_S = 10.0
"""How long a connection is waited for, before the database counts as away."""

STOP_S = 0.2
"""How often it looks whether it shall stop."""

SOON = 1
"""The priority of what is put once: the first mails leave while the last are composed."""

MANY = 500
"""Jobs after which the database counts its rows again: without, it searches them one by one."""

Task = Callable[..., object]
"""What is done for a job, with its arguments, in a thread of its own."""


class Queue:
    """A queue that is open. ``tasks`` are what its jobs ask for, by name.

    A worker of which nothing was heard for ``stalled_s`` is dead: for all programs the same.
    """

    def __init__(
        self, url: str, tasks: Mapping[str, Task], *, stalled_s: float = STALLED_S
    ) -> None:
        """Raises StoreError where the database cannot be used as a queue."""
        import procrastinate  # late: only an installation with workers has it

        self.stalled_s = stalled_s
        self._url = "postgresql://" + url.partition("://")[2]  # without the name of a driver
        self._schema = _layout(Path(procrastinate.schema.migrations_path))
        self._app = procrastinate.App(
            connector=procrastinate.SyncPsycopgConnector(**self._conninfo, min_size=1, max_size=2)
        )
        for name, task in tasks.items():
            self._app.task(name=name)(task)
        try:
            with _told():
                self._app.open()
                self._prepare()
        except StoreError:
            self.close()
            raise

    @property
    def _conninfo(self) -> dict[str, Any]:
        return {
            "conninfo": self._url,
            "kwargs": {"options": f"-c search_path={self._schema}"},
            "timeout": CONNECT_S,
        }

    def close(self) -> None:
        self._app.close()

    def put(self, name: str, jobs: Iterable[Mapping[str, Any]]) -> int:
        """Put jobs of one task into the queue, all or none; how many they are."""
        every = [dict(job) for job in jobs]
        if every:
            with _told():
                self._app.configure_task(name).batch_defer(*every)
                if len(every) >= MANY:
                    self._do("ANALYZE procrastinate_jobs")
        return len(every)

    def put_once(self, name: str, lock: str) -> bool:
        """Put a job before all others unless one with this lock waits there; whether it was."""
        from procrastinate.exceptions import AlreadyEnqueued

        with _told():
            try:
                self._app.configure_task(name, queueing_lock=lock, priority=SOON).defer()
            except AlreadyEnqueued:
                return False
        return True

    def under_way(self, *names: str) -> int:
        """How many jobs of these tasks wait, or are being done."""
        return self._count(
            "SELECT count(*) AS n FROM procrastinate_jobs"
            " WHERE task_name = ANY(%(names)s) AND status IN ('todo', 'doing')",
            names=list(names),
        )

    def workers(self) -> int:
        """How many workers live."""
        return self._count(
            "SELECT count(*) AS n FROM procrastinate_workers"
            " WHERE last_heartbeat > now() - make_interval(secs => %(within)s)",
            within=self.stalled_s,
        )

    def work(self, stop: threading.Event, name: str) -> None:
        """Do jobs, one after the other, until ``stop`` is set; the one under way is finished.

        What dead workers had begun is done again, by whoever notices it first. Raises StoreError
        when the database was away, and when others took this worker for dead.
        """
        with _told():
            asyncio.run(self._work(stop, name))
        if not stop.is_set():
            raise StoreError("the queue in the database cannot be used: it was away for a while")

    async def _work(self, stop: threading.Event, name: str) -> None:
        import procrastinate

        own = self._app.with_connector(procrastinate.PsycopgConnector(**self._conninfo, max_size=4))
        async with own.open_async():
            worker = asyncio.create_task(
                own.run_worker_async(
                    name=name,
                    concurrency=1,
                    install_signal_handlers=False,
                    delete_jobs="always",
                    fetch_job_polling_interval=POLL_S,
                    update_heartbeat_interval=self.stalled_s / BEATS,
                    stalled_worker_timeout=self.stalled_s,
                )
            )
            rescue = asyncio.create_task(_rescue(own, self.stalled_s))
            while not (stop.is_set() or worker.done() or rescue.done()):
                await asyncio.wait((worker, rescue), timeout=STOP_S)
            worker.cancel()  # it finishes its job first
            rescue.cancel()
            ended = await asyncio.gather(worker, rescue, return_exceptions=True)
            for error in ended:
                if isinstance(error, Exception):  # what else there may be: that it was cancelled
                    raise error

    def _prepare(self) -> None:
        """Make the queue's tables where they are not there yet."""
        connector = self._app.connector.get_sync_connector()
        found = "SELECT to_regclass('procrastinate_jobs') IS NOT NULL AS n"
        if self._count(found):
            return
        whole = self._app.schema_manager.get_schema().replace("%", "%%")
        connector.execute_query(  # one transaction: of two programs that start at once one waits
            f"SELECT pg_advisory_xact_lock(7308);"
            f'CREATE SCHEMA IF NOT EXISTS "{self._schema}";'
            f"DO $made$ BEGIN IF to_regclass('procrastinate_jobs') IS NULL THEN "
            f"EXECUTE $whole${whole}$whole$; END IF; END $made$"
        )

    def _count(self, query: str, **values: Any) -> int:
        with _told():
            row = self._app.connector.get_sync_connector().execute_query_one(query, **values)
        return int(row["n"])

    def _do(self, statement: str) -> None:
        self._app.connector.get_sync_connector().execute_query(statement)


async def _rescue(app: procrastinate.App, stalled_s: float) -> None:
    """Put back, again and again, what workers had begun that are dead."""
    from procrastinate.exceptions import ProcrastinateException

    while True:
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=stalled_s):
            with contextlib.suppress(ProcrastinateException):  # another worker was faster
                await app.job_manager.retry_job(job)
                log.warning("%s is done again: its worker died", job.task_name)
        await asyncio.sleep(stalled_s / BEATS)


def _layout(migrations: Path) -> str:
    """The name of the schema in which the queue has its tables: another for another layout."""
    newest = max(file.name for file in migrations.glob("*.sql"))
    return "digest_queue_" + newest.partition("_")[0].replace(".", "")


@contextmanager
def _told() -> Iterator[None]:
    """What goes wrong between us and the queue, said in our words."""
    import psycopg
    from procrastinate.exceptions import ConnectorException
    from psycopg_pool import PoolTimeout

    try:
        yield
    except (ConnectorException, psycopg.Error, PoolTimeout) as error:
        why = str(error.__cause__ or error).strip().split("\n")[0]
        raise StoreError(f"the queue in the database cannot be used: {why}") from error
