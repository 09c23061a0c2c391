"""nginx and Caddy in front of a hub, by the very lines of the how-to, with a certificate that was made for the test."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.journeys.running_hub import free_ports

_PAGE = Path(__file__).parents[2] / "docs" / "howto" / "put-a-web-server-in-front.md"
_BEHIND = "127.0.0.1:8000"
_START_S = 120


@dataclass(frozen=True, slots=True)
class FrontServer:
    """A web server that answers."""

    plain: str
    """Its address without TLS, without a slash at the end."""
    secure: str


def installed(kind: str) -> bool:
    """Whether there is such a web server."""
    return _program(kind) is not None


@contextlib.contextmanager
def front_server(kind: str, behind: str, folder: Path) -> Iterator[FrontServer]:
    """Run `nginx` or `caddy` before what listens at `behind` (host and port)."""
    plain = free_ports(2)
    secure = plain + 1
    key, certificate = _make_certificate(folder)
    lines = _lines_of_the_page(kind).replace(_BEHIND, behind)
    front = FrontServer(f"http://localhost:{plain}", f"https://localhost:{secure}")
    make = _nginx if kind == "nginx" else _caddy
    command = make(lines, folder, (plain, secure), (key, certificate))
    environment = {**os.environ, "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "HOME": str(folder)}
    with (folder / "said").open("wb") as said, subprocess.Popen(command, stdout=said, stderr=said, env=environment) as process:
        try:
            _wait_for(secure, process, folder)
            yield front
        finally:
            process.terminate()
            process.wait(60)


def _program(kind: str) -> str | None:
    return shutil.which(kind) or shutil.which(f"/usr/sbin/{kind}")


def _lines_of_the_page(kind: str) -> str:
    found = re.search(rf"```{'nginx' if kind == 'nginx' else 'caddyfile'}\n(.*?)```", _PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1]


def _nginx(lines: str, folder: Path, ports: tuple[int, int], secrets: tuple[Path, Path]) -> list[str]:
    changed = {
        "listen 80;": f"listen 127.0.0.1:{ports[0]};",
        "listen 443 ssl;": f"listen 127.0.0.1:{ports[1]} ssl;",
        "https://$host$request_uri": f"https://$host:{ports[1]}$request_uri",
        "/etc/letsencrypt/live/learn.uni.example/privkey.pem": str(secrets[0]),
        "/etc/letsencrypt/live/learn.uni.example/fullchain.pem": str(secrets[1]),
        "server_name learn.uni.example;": "server_name localhost;",
    }
    for there, here in changed.items():
        assert there in lines, there
        lines = lines.replace(there, here)
    places = "".join(f"{each}_temp_path {folder}/{each};\n" for each in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root;\n" if os.geteuid() == 0 else ""
    text = f"{user}daemon off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{places}{lines}\n}}\n"
    (folder / "nginx.conf").write_text(text, encoding="utf-8")
    return [str(_program("nginx")), "-p", str(folder), "-c", str(folder / "nginx.conf")]


def _caddy(lines: str, folder: Path, ports: tuple[int, int], secrets: tuple[Path, Path]) -> list[str]:
    assert "learn.uni.example {" in lines
    lines = lines.replace("learn.uni.example {", f"localhost {{\n    tls {secrets[1]} {secrets[0]}")
    options = f"{{\n    admin off\n    http_port {ports[0]}\n    https_port {ports[1]}\n    default_bind 127.0.0.1\n}}\n"
    (folder / "Caddyfile").write_text(options + lines, encoding="utf-8")
    return [str(_program("caddy")), "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


def _make_certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    places = folder / "key.pem", folder / "certificate.pem"
    places[0].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    places[1].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return places


def _wait_for(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + _START_S
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
            return
        assert process.poll() is None, (folder / "said").read_text(errors="replace")
        assert time.monotonic() < deadline, (folder / "said").read_text(errors="replace")
        time.sleep(0.1)
