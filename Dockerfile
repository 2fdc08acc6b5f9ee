# Written by `lockstep init --platform docker`, and yours to change. Build it in this folder:
#   docker build --build-arg RELEASE="$(git rev-parse HEAD)" --tag studio .
# No instruction starts a shell: what is written is what runs.

# The first stage may compile: the full image has a compiler, for packages without a wheel. Only /opt/venv leaves it.
FROM python:3.11 AS build
WORKDIR /build
RUN ["python", "-m", "venv", "/opt/venv"]
# Before the code, so that this layer is kept while only code changes. Every file is held against its hash.
COPY ["deploy/requirements.lock", "./deploy/requirements.lock"]
RUN ["/opt/venv/bin/python", "-m", "pip", "install", "--no-cache-dir", "--disable-pip-version-check", "--require-hashes", "-r", "deploy/requirements.lock"]
# The service itself. What builds it (pyproject.toml: build-system) is fetched into a place of its own, and left behind.
COPY . .
RUN ["/opt/venv/bin/python", "-m", "pip", "install", "--no-cache-dir", "--disable-pip-version-check", "--no-deps", "."]

# The last stage has no compiler. It is Debian, so that wheels with binaries fit, psycopg's for one. Where a build must be the
# same for ever, pin both stages by digest (@sha256:...).
FROM python:3.11-slim
# A number, not a name: Kubernetes sees only of a number that it is not root (runAsNonRoot).
RUN ["useradd", "--uid", "10001", "--no-create-home", "--shell", "/usr/sbin/nologin", "app"]
COPY --from=build /opt/venv /opt/venv
# LOCKSTEP_ENV: a plain container does not look like production, and then the service would listen on 127.0.0.1 and start a
# PostgreSQL of its own. PORT: platforms that choose a port set it over this one.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    LOCKSTEP_ENV=production \
    PORT=5000
WORKDIR /app
# They belong to root, and the service runs as somebody else: it cannot change its own code.
COPY ["lockstep.toml", "./lockstep.toml"]
COPY ["src/studio/migrations", "./src/studio/migrations"]
COPY ["src/studio/seeds", "./src/studio/seeds"]
COPY ["src/studio/schema.lock", "./src/studio/schema.lock"]
USER 10001
EXPOSE 5000
# SIGTERM stops a boot within a second (exit status 143) and a service in order. It reaches the service because that is process 1.
STOPSIGNAL SIGTERM
# Is the process alive? Never: is the database? A database that is away is no reason to restart a service. Until HTTP is open
# (it opens last), nothing answers: the start period is all that a boot may take.
HEALTHCHECK --interval=10s --timeout=3s --retries=3 --start-period=390s \
    CMD ["python", "-c", "import http.client, os, sys; c = http.client.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=2); c.request('GET', '/livez'); sys.exit(c.getresponse().status != 200)"]
# Which release this is, for the boot record and `lockstep verify`. Last, so that all the layers above are kept.
ARG RELEASE=
ENV LOCKSTEP_RELEASE=$RELEASE
CMD ["studio", "serve"]
