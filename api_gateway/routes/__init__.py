"""One file a subject; `ROUTERS` is what the service answers to."""

from api_gateway.routes import (
    health,
    models,
    notifications,
    results,
    tasks,
    tracks,
    uploads,
    videos,
    watch,
)

# Uploads first: their path would else be taken for a task's.
ROUTERS = (
    uploads.router,
    tasks.router,
    results.router,
    tracks.router,
    videos.router,
    models.router,
    watch.router,
    notifications.router,
    health.router,
)
