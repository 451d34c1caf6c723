"""Flower, the workers' page, with nothing of it open to whoever has no password."""

import asyncio

from flower.app import Flower
from flower.options import options
from flower.urls import settings as page_settings
from flower.views.monitor import Metrics
from tornado.web import authenticated

from shared.errors import InvalidInputError
from shared.pipeline.celery_app import celery_app, queues_of
from shared.settings import Settings
from workers.pipeline import PIPELINES

_INSPECT_MILLISECONDS = 5000.0


def serve_page(settings: Settings) -> None:
    """Show workers and their messages until a signal.

    Raises:
        InvalidInputError: `no_flower_password`, `cannot_listen`.
    """
    if settings.flower_password is None:
        raise InvalidInputError(
            "no_flower_password",
            "TRACKLOOP_FLOWER_PASSWORD: it is not set; nobody may see the workers without one.",
        )
    options.basic_auth = [f"{settings.flower_user}:{settings.flower_password.get_secret_value()}"]
    options.address, options.port = settings.flower_host, settings.flower_port
    options.inspect_timeout = _INSPECT_MILLISECONDS
    if settings.flower_broker_api is not None:
        options.broker_api = settings.flower_broker_api.get_secret_value()
    # Flower leaves its counts open, which name every worker.
    Metrics.get = authenticated(Metrics.get)
    asyncio.set_event_loop(asyncio.new_event_loop())
    app = celery_app(settings.broker_url, queues_of(PIPELINES))
    page = Flower(
        capp=app, options=options, **{**page_settings, "cookie_secret": options.cookie_secret}
    )
    try:
        page.start_http_server()
    except OSError as error:
        raise InvalidInputError(
            "cannot_listen",
            f"TRACKLOOP_FLOWER_HOST, TRACKLOOP_FLOWER_PORT: nobody can listen at "
            f"{settings.flower_host} port {settings.flower_port} ({error.strerror}); "
            "choose others.",
        ) from error
    try:
        page.start()
    finally:
        page.stop()
