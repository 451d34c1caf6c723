"""One file a subject; `ROUTERS` is what the service answers to."""

from api_gateway.routes import (
    health,
    labeling,
    models,
    notifications,
    results,
    tasks,
    tracks,
    training,
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
    labeling.router,
    training.router,
    models.router,
    watch.router,
    notifications.router,
    health.router,
)
