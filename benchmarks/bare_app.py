"""The least that a service does for a POST: one INSERT. `python -m benchmarks.bare_app URL`.

Engine, threads and uvicorn as in the gateway; no key, no checks, no second table, no events.
"""

import sys
import time
from typing import Any

from fastapi import FastAPI
from sqlalchemy import JSON, Column, Engine, MetaData, String, Table

from api_gateway.serving import bound, serving
from shared.db.engine import open_engine
from shared.events.envelope import new_id
from shared.stop_signals import stop_signals

READY = "answers at "
_TASKS = Table(
    "bare_tasks", MetaData(), Column("id", String(36), primary_key=True), Column("body", JSON)
)
_LOOK_SECONDS = 0.2


def bare_app(engine: Engine) -> FastAPI:
    """One route."""
    app = FastAPI()

    @app.post("/tasks", status_code=202)
    def submit(body: dict[str, Any]) -> dict[str, str]:
        task_id = new_id()
        with engine.begin() as connection:
            connection.execute(_TASKS.insert().values(id=task_id, body=body))
        return {"task_id": task_id}

    return app


def main(database_url: str) -> int:
    """Answer until a signal."""
    engine = open_engine(database_url)
    _TASKS.create(engine)
    with (
        stop_signals() as asked_to_stop,
        bound("127.0.0.1", 0) as address,
        serving(bare_app(engine), address.socket),
    ):
        print(f"{READY}{address.url}", flush=True)
        while not asked_to_stop():
            time.sleep(_LOOK_SECONDS)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
