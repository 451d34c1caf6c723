"""Notifications in a process of their own, to be killed; channels come by the environment."""

import sys
import threading

from shared.db.migrate import prepare
from shared.settings import load_settings
from tests.support.databases import MIGRATIONS
from tests.support.telling import QUICK
from workers.notification.main import running_notifications


def main(database_url: str) -> None:
    """Run until the end of the process."""
    database = prepare(database_url, MIGRATIONS)
    with running_notifications(database, load_settings(), pace=QUICK):
        threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
