# From the root of the repository: docker build -f deploy/docker/agent.Dockerfile -t conduix-agent .
FROM python:3.11-slim-bookworm AS build
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /src
COPY pyproject.toml requirements.lock README.md LICENSE ./
COPY shared shared
COPY conduix_server conduix_server
COPY conduix_agent conduix_agent
COPY conduix_tui conduix_tui
# the lock's versions, without what only development needs
RUN python -m venv /opt/conduix \
 && uv pip install --no-cache --python /opt/conduix/bin/python --constraints requirements.lock .

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --create-home --home-dir /var/lib/conduix --shell /usr/sbin/nologin conduix
COPY --from=build /opt/conduix /opt/conduix
ENV PATH=/opt/conduix/bin:$PATH
USER 10001
VOLUME /var/lib/conduix
EXPOSE 8081
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8081/health', timeout=4)"]
ENTRYPOINT ["conduix-agent", "run", "--state-dir", "/var/lib/conduix", "--log-format", "json"]
