# Debian trixie: its SQLite is new enough for everything Linecard and its plugins do.
FROM python:3.13-slim-trixie AS build
WORKDIR /src
RUN python -m venv /opt/linecard
COPY requirements.lock pyproject.toml README.md ./
RUN /opt/linecard/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY core core
COPY plugins plugins
COPY providers providers
RUN /opt/linecard/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13-slim-trixie
RUN useradd --create-home --uid 10001 linecard
COPY --from=build /opt/linecard /opt/linecard
USER linecard
WORKDIR /home/linecard
ENV PATH=/opt/linecard/bin:$PATH PYTHONUNBUFFERED=1
EXPOSE 8080
HEALTHCHECK CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=2)"]
ENTRYPOINT ["linecard"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8080"]
