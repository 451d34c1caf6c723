"""One file a subject; `ROUTERS` is what the service answers to."""

from api_gateway.routes import health, models, results, tasks, uploads, videos, watch

# Uploads first: their path would else be taken for a task's.
ROUTERS = (
    uploads.router,
    tasks.router,
    results.router,
    videos.router,
    models.router,
    watch.router,
    health.router,
)
