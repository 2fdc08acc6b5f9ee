"""Over TLS the certificate must be the name's, although the connection goes to a number."""

from __future__ import annotations

import asyncio
import datetime
import ssl
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from studio.publishing import delivery
from studio.publishing.delivery import Courier, Undelivered

NAME = "hook.example"


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file with key and certificate of the name, which this machine trusts for the time of the test."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "certificate.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    delivery._certificates.cache_clear()
    yield file
    delivery._certificates.cache_clear()


async def everywhere(_host: str, _port: int) -> Sequence[str]:
    """Lead every name to this machine."""
    return ["127.0.0.1"]


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say yes to anything."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 204 X\r\n\r\n")
    writer.close()


async def deliver(certificate: Path, host: str) -> int:
    """Deliver to a server with that certificate, under a name; return the answer's status."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        courier = Courier(["127.0.0.0/8"], resolve=everywhere)
        return (await courier.post(f"https://{host}:{port}/", {}, b"")).status


def test_the_names_certificate_is_accepted(certificate: Path) -> None:
    """The number that is connected to stands in no certificate."""
    assert asyncio.run(deliver(certificate, NAME)) == 204


@pytest.mark.parametrize("host", ["other.example", "127.0.0.1"])
def test_another_names_certificate_is_not(certificate: Path, host: str) -> None:
    """Nothing is sent to whoever cannot show to be the one that was asked for."""
    with pytest.raises(Undelivered, match="CERTIFICATE_VERIFY_FAILED"):
        asyncio.run(deliver(certificate, host))


def test_what_nobody_vouches_for_is_not_trusted(
    certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same certificate, where this machine does not know it."""
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(Undelivered, match="CERTIFICATE_VERIFY_FAILED"):
        asyncio.run(deliver(certificate, NAME))
