"""Where it runs."""

# ruff: noqa: RUF009  # a default is a dataclasses.field(), made anew and shared by nobody

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from portero.kit.addresses import Network
from portero.settings import parsing
from portero.settings.rows import Derived, Earlier, setting


def _issuer(earlier: Earlier) -> str:
    host = str(earlier["host"])
    if not parsing.is_loopback(host):
        return ""
    scheme = "https" if earlier["tls_cert"] else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{earlier['port']}"


def _threads(earlier: Earlier) -> str:
    return str(min(512, 48 + 2 * len(os.sched_getaffinity(0))))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlaceSettings:
    data_dir: Path = setting(
        "PORTERO_DATA_DIR",
        parsing.path,
        "var",
        "Folder for the embedded database, the generated SECRET_KEY and mails in development.",
    )
    host: str = setting("PORTERO_HOST", parsing.bind_host, "127.0.0.1", "Address to listen on.")
    port: int = setting("PORTERO_PORT", parsing.integer(1, 65535), "8000", "Port to listen on.")
    workers: int = setting(
        "PORTERO_WORKERS", parsing.integer(1, 256), "1", "Number of server processes."
    )
    threads: int = setting(
        "PORTERO_THREADS",
        parsing.integer(4, 512),
        Derived("48 and 2 for each core", _threads),
        "Threads of each process for pages and the JSON API.",
    )
    tls_cert: Path | None = setting(
        "PORTERO_TLS_CERT",
        parsing.paths_optional,
        "",
        "Certificate chain (PEM) to serve TLS without a proxy; needs PORTERO_TLS_KEY.",
    )
    tls_key: Path | None = setting(
        "PORTERO_TLS_KEY", parsing.paths_optional, "", "Private key (PEM) of PORTERO_TLS_CERT."
    )
    issuer: str = setting(
        "PORTERO_ISSUER",
        parsing.issuer,
        Derived("http://HOST:PORT on loopback", _issuer),
        "Public URL of this deployment; with a path, all is below it. It is in every token: choose "
        "once, keep for ever.",
    )
    allowed_hosts: tuple[str, ...] = setting(
        "PORTERO_ALLOWED_HOSTS",
        parsing.hosts,
        "",
        "Host names to answer to besides the issuer's (comma separated).",
    )
    trusted_proxies: tuple[Network, ...] = setting(
        "PORTERO_TRUSTED_PROXIES",
        parsing.networks,
        "",
        "Networks (CIDR) of the proxies whose X-Forwarded headers are believed.",
    )
    client_certificate_header: str = setting(
        "PORTERO_CLIENT_CERTIFICATE_HEADER",
        parsing.header_name,
        "",
        "Header in which trusted proxies tell the client's certificate (RFC 9440, or PEM escaped).",
    )
    client_verified_header: str = setting(
        "PORTERO_CLIENT_VERIFIED_HEADER",
        parsing.header_name,
        "",
        "Header in which they say SUCCESS when its chain was verified; tls_client_auth needs it.",
    )
    mtls_url: str = setting(
        "PORTERO_MTLS_URL",
        parsing.issuer_optional,
        "",
        "Base URL at which proxies ask for client certificates, if not PORTERO_ISSUER.",
    )
    metrics_port: int = setting(
        "PORTERO_METRICS_PORT",
        parsing.integer(0, 65535),
        "0",
        "Loopback port of the Prometheus metrics; 0 is off.",
    )
