# Two stages, so that what builds (a Node for the chart library, pip's cache) stays behind.
FROM python:3.11-slim AS build
WORKDIR /source
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY src ./src
RUN pip install --no-cache-dir --prefix=/install '.[discord]'

FROM python:3.11-slim
COPY --from=build /install /usr/local
RUN useradd --system --uid 10001 --home-dir /data changeover \
    && install --directory --owner changeover --mode 0700 /data
USER changeover
VOLUME /data
ENV MONITORING_DATA_DIR=/data \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
EXPOSE 3001
# The bot may take a while to log in; after that three failures in a row count.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["changeover", "healthcheck"]
# The demo bot on real Discord. For a bot of your own, put these lines into its Dockerfile.
ENTRYPOINT ["changeover"]
CMD ["demo", "--discord"]
