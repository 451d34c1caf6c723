# One target a role: gateway, worker, beat, flower, model-trainer, model-deployer. They share every
# layer but their last; the latter two share one more, of some six gigabytes: torch.
#
#   docker build --target gateway -t trackloop-gateway .
#
# BASE_IMAGE is any image with Python 3.11 and its venv module. Where packages come from elsewhere:
# INDEX_URL, and CA_FILE, a file of the base image that holds the certificates to trust.
ARG BASE_IMAGE=python:3.11-slim

FROM ${BASE_IMAGE} AS dependencies
ARG INDEX_URL=
ARG CA_FILE=
# With what asks a Triton server: the same pins, a few packages more.
COPY requirements-triton.lock /tmp/
RUN if [ -n "$INDEX_URL" ]; then export PIP_INDEX_URL="$INDEX_URL" UV_DEFAULT_INDEX="$INDEX_URL"; fi \
    && if [ -n "$CA_FILE" ]; then export PIP_CERT="$CA_FILE" SSL_CERT_FILE="$CA_FILE"; fi \
    && python3 -m venv /opt/uv \
    && /opt/uv/bin/pip install --quiet --disable-pip-version-check "uv>=0.9" \
    && /opt/uv/bin/uv venv --quiet --python "$(command -v python3)" /opt/venv \
    && /opt/uv/bin/uv pip install --python /opt/venv/bin/python --no-cache --compile-bytecode \
        --no-deps -r /tmp/requirements-triton.lock

FROM ${BASE_IMAGE} AS trackloop
# The number is fixed: a volume or a folder of the host is given to it.
RUN groupadd --gid 10001 trackloop \
    && useradd --uid 10001 --gid trackloop --no-create-home --home-dir /tmp trackloop \
    && install -d -o trackloop -g trackloop /data /triton
COPY --from=dependencies /opt/venv /opt/venv
COPY . /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    TRACKLOOP_STORAGE_URL=file:///data \
    TRACKLOOP_CACHE_FOLDER=/data/cache
# Trackloop runs from its tree and has no wheel; this is the command that an install would make.
RUN printf '#!/opt/venv/bin/python\nfrom cli.main import main\nmain()\n' >/usr/local/bin/trackloop \
    && chmod 755 /usr/local/bin/trackloop \
    && python -m compileall -q /app
WORKDIR /app
USER trackloop
ENTRYPOINT ["trackloop"]
CMD ["--help"]

FROM trackloop AS gateway
ENV TRACKLOOP_HOST=0.0.0.0 TRACKLOOP_PORT=8000
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=10s --start-period=120s \
    CMD ["python", "deploy/healthy.py", "TRACKLOOP_PORT", "/health"]
CMD ["gateway"]

FROM trackloop AS worker
ENV TRACKLOOP_METRICS_HOST=0.0.0.0 TRACKLOOP_METRICS_PORT=9100
EXPOSE 9100
HEALTHCHECK --interval=15s --timeout=10s --start-period=120s \
    CMD ["python", "deploy/healthy.py", "TRACKLOOP_METRICS_PORT", "/health"]
CMD ["worker"]

FROM trackloop AS beat
ENV TRACKLOOP_METRICS_HOST=0.0.0.0 TRACKLOOP_METRICS_PORT=9100
EXPOSE 9100
HEALTHCHECK --interval=15s --timeout=10s --start-period=120s \
    CMD ["python", "deploy/healthy.py", "TRACKLOOP_METRICS_PORT", "/health"]
CMD ["beat"]

FROM trackloop AS flower
ENV TRACKLOOP_FLOWER_HOST=0.0.0.0 TRACKLOOP_FLOWER_PORT=5555
EXPOSE 5555
HEALTHCHECK --interval=15s --timeout=10s --start-period=120s \
    CMD ["python", "deploy/healthy.py", "TRACKLOOP_FLOWER_PORT", "/healthcheck"]
CMD ["flower"]

# Beside the other environment, as on a developer's machine: torch stays in processes of its own.
# Down here, since a builder without BuildKit makes all that stands above its target.
FROM dependencies AS training-dependencies
ARG INDEX_URL=
ARG CA_FILE=
COPY requirements-train.lock /tmp/
RUN if [ -n "$INDEX_URL" ]; then export PIP_INDEX_URL="$INDEX_URL" UV_DEFAULT_INDEX="$INDEX_URL"; fi \
    && if [ -n "$CA_FILE" ]; then export PIP_CERT="$CA_FILE" SSL_CERT_FILE="$CA_FILE"; fi \
    && /opt/uv/bin/uv venv --quiet --python "$(command -v python3)" /opt/venv-train \
    && /opt/uv/bin/uv pip install --python /opt/venv-train/bin/python --no-cache --compile-bytecode \
        --no-deps -r /tmp/requirements-train.lock

FROM trackloop AS training
COPY --from=training-dependencies /opt/venv-train /opt/venv-train
ENV TRACKLOOP_TRAIN_PYTHON=/opt/venv-train/bin/python \
    TRACKLOOP_METRICS_HOST=0.0.0.0 TRACKLOOP_METRICS_PORT=9100
EXPOSE 9100
HEALTHCHECK --interval=15s --timeout=10s --start-period=120s \
    CMD ["python", "deploy/healthy.py", "TRACKLOOP_METRICS_PORT", "/health"]

FROM training AS model-trainer
CMD ["worker", "--queues", "training", "--concurrency", "1"]

FROM training AS model-deployer
CMD ["worker", "--queues", "deployment", "--concurrency", "1"]
