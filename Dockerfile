# The server, the worker and every command: one image, started with different commands (compose.yaml).
FROM python:3.11-slim-bookworm

# fonts-noto-cjk: printed forms; postgresql-client: backup and restore
RUN apt-get update \
    && apt-get install --yes --no-install-recommends fonts-noto-cjk postgresql-client \
    && rm -rf /var/lib/apt/lists/*

RUN useradd --system --create-home --home-dir /srv/backoffice backoffice
WORKDIR /srv/backoffice/app

COPY requirements.txt requirements-celery.txt requirements-s3.txt requirements-sentry.txt ./
# Which of the optional files are wanted: docker compose build --build-arg REQUIREMENTS=requirements-sentry.txt
ARG REQUIREMENTS=requirements.txt
RUN pip install --no-cache-dir --requirement "$REQUIREMENTS"

COPY manage.py README.md ./
COPY backoffice backoffice
COPY fees fees
COPY registry registry
COPY training training
COPY fixtures fixtures
COPY locale locale
COPY vendor_locale vendor_locale
COPY static static
COPY templates templates

ENV DATA_DIR=/srv/backoffice/data PYTHONUNBUFFERED=1
RUN install -d -o backoffice -g backoffice -m 0700 /srv/backoffice/data /srv/backoffice/backups
USER backoffice
VOLUME ["/srv/backoffice/data", "/srv/backoffice/backups"]
EXPOSE 8000
HEALTHCHECK CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/', timeout=5)"]

# The static files are collected at the start: their folder is in the volume, and belongs to the image's version.
CMD ["sh", "-c", "python manage.py collectstatic --noinput --verbosity 0 && exec gunicorn backoffice.wsgi --worker-class gthread --workers 3 --threads 4 --preload --bind 0.0.0.0:8000"]
