# syntax=docker/dockerfile:1
# Three stages: front-end libraries, Python environment with weights and static files, and what runs.

FROM node:20-bookworm-slim AS frontend
WORKDIR /app
COPY package.json package-lock.json ./
COPY frontend/ frontend/
RUN npm ci --ignore-scripts --no-audit --no-fund && npm run --silent vendor

FROM python:3.11-slim-bookworm AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PATH=/opt/venv/bin:$PATH
WORKDIR /app
COPY --from=node:20-bookworm-slim /usr/local/ /usr/local/
RUN python3.11 -m venv /opt/venv
COPY requirements.txt constraints.txt ./
# TORCH_INDEX_URL lets a build choose the CPU or a CUDA build of torch; empty takes pip's own index.
ARG TORCH_INDEX_URL=""
RUN pip install -r requirements.txt -c constraints.txt ${TORCH_INDEX_URL:+--extra-index-url "$TORCH_INDEX_URL"}
COPY . .
COPY --from=frontend /app/frontend/static/vendor/ frontend/static/vendor/
RUN python -m emotion weights install
RUN SECRET_KEY="$(python -c 'import secrets; print(secrets.token_urlsafe(48))')" DATA_DIR=/tmp/build STATIC_ROOT=/app/static \
    python manage.py collectstatic --noinput

FROM python:3.11-slim-bookworm
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data STATIC_ROOT=/app/static HOST=0.0.0.0 PORT=8000
RUN useradd --system --uid 10001 --home-dir /data app && install -d -o app -g app /data
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
WORKDIR /app
USER 10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-m", "webapp.run", "health"]
# The same command lines that `make run` starts: `web` or `worker` of the Procfile.
ENTRYPOINT ["honcho", "start"]
CMD ["web"]
