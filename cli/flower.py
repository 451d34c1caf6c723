"""`trackloop flower`: the workers' page."""

from shared.settings import load_settings


def flower() -> None:
    """Show workers and their messages on a page, behind a password, until a signal."""
    from shared.access.secrets import check_secrets
    from shared.logging import log_to_stderr
    from shared.messaging.broker import check_broker
    from workers.flower_page import serve_page
    from workers.process import needs_broker

    settings = load_settings()
    log_to_stderr(settings.log_format, settings.log_level, "flower")
    check_secrets(settings)
    needs_broker(settings)
    check_broker(settings.broker_url)
    serve_page(settings)
