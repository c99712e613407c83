# From the root of the repository: docker build -f deploy/docker/tui.Dockerfile -t conduix .
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
RUN useradd --uid 10001 --create-home --home-dir /home/conduix --shell /usr/sbin/nologin conduix
COPY --from=build /opt/conduix /opt/conduix
ENV PATH=/opt/conduix/bin:$PATH
USER 10001
WORKDIR /home/conduix
HEALTHCHECK --interval=60s --timeout=5s CMD ["conduix", "--version"]
ENTRYPOINT ["conduix"]
CMD ["--help"]
