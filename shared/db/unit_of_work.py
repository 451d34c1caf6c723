"""One transaction and the repositories that share it."""

from sqlalchemy.orm import Session

from shared.db.api_keys import ApiKeys
from shared.db.artefacts import Artefacts
from shared.db.deliveries import Deliveries
from shared.db.inbox import Inbox
from shared.db.outbox import Outbox
from shared.db.rules import Rules
from shared.db.steps import Steps
from shared.db.tasks import Tasks
from shared.db.tracks import Tracks
from shared.db.workers import Workers


class Unit:
    """What may be read and written before the one commit at the edge."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.tasks = Tasks(session)
        self.steps = Steps(session)
        self.outbox = Outbox(session)
        self.inbox = Inbox(session)
        self.artefacts = Artefacts(session)
        self.tracks = Tracks(session)
        self.api_keys = ApiKeys(session)
        self.workers = Workers(session)
        self.rules = Rules(session)
        self.deliveries = Deliveries(session)
