"""Seals what must not be readable in a copy of the database: tokens, signing secrets.

AES-256-GCM with a nonce of its own for every text. What a text belongs to (its *context*: table, row, column) is
authenticated with it, so that a sealed text which is moved to another row does not open there. ::

    v1.<which key>.<nonce, ciphertext and tag, base64url>

The first key seals, every key opens: to change keys put the new one in front, seal again, then drop the old one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from lockstep import ConfigurationWrong

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION = "v1"
_KEY_BYTES = 32
_NONCE_BYTES = 12
_MAKE_ONE = (
    "python -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())'"
)


class Unsealable(Exception):
    """The text does not open here: damaged, another context, or sealed with a key that is not among ours."""


class Sealer:
    """Seals and opens texts with the keys it is given; without any it refuses both."""

    def __init__(
        self, keys: Iterable[bytes] = (), *, make: Callable[[], bytes] | None = None
    ) -> None:
        """Seal with the first of *keys*, open with any; each has 32 bytes.

        Without any, *make* is asked for one, and not before it is needed.
        """
        self._keys = {_name_of(key): key for key in keys}
        self._make = make

    def seal(self, text: str, context: str) -> str:
        """Return *text* sealed for *context*; raise ``ConfigurationWrong`` without a key."""
        name, key = self._first()
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = _aes(key).encrypt(nonce, text.encode(), _bound(name, context))
        return f"{_VERSION}.{name}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def open(self, text: str, context: str) -> str:
        """Return what was sealed for *context*; raise ``Unsealable``, or ``ConfigurationWrong`` without a key."""
        from cryptography.exceptions import InvalidTag

        self._first()
        version, name, sealed = _parted(text)
        if version != _VERSION:
            raise Unsealable(f"sealed in a way that this release does not know: {version[:10]!r}")
        if name not in self._keys:
            raise Unsealable("sealed with a key that is not in STUDIO_SECRET_KEY any more")
        nonce, ciphertext = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return _aes(self._keys[name]).decrypt(nonce, ciphertext, _bound(name, context)).decode()
        except (InvalidTag, ValueError):
            raise Unsealable("damaged, or it belongs somewhere else") from None

    def is_current(self, text: str) -> bool:
        """Tell whether *text* is sealed with the key that seals now; False: seal it again."""
        return text.startswith(f"{_VERSION}.{self._first()[0]}.")

    def _first(self) -> tuple[str, bytes]:
        if not self._keys and self._make:
            made = self._make()
            self._keys = {_name_of(made): made}
        for name, key in self._keys.items():
            return name, key
        raise ConfigurationWrong(
            "STUDIO_SECRET_KEY is not set, so tokens can be neither kept nor used",
            why="Outside development no key is made up: what it sealed would be lost with the machine.",
            next_step=f"Set it to 32 random bytes in base64: {_MAKE_ONE}",
        )


def read_keys(text: str) -> tuple[bytes, ...]:
    """Return the keys of a setting: base64 texts of 32 bytes, separated by commas.

    Raises ``ValueError``; its message counts the keys and shows none.
    """
    keys = []
    for number, part in enumerate((part.strip() for part in text.split(",")), start=1):
        try:
            key = base64.b64decode(part.replace("-", "+").replace("_", "/"), validate=True)
        except (binascii.Error, ValueError):
            raise ValueError(f"key {number} is not base64; make one: {_MAKE_ONE}") from None
        if len(key) != _KEY_BYTES:
            raise ValueError(f"key {number} has {len(key)} bytes, not {_KEY_BYTES}")
        keys.append(key)
    return tuple(keys)


def development_key(file: Path) -> bytes:
    """Return the key in *file*, which is made with one if it is not there: for development only.

    Of several processes that begin at once, all get the same key: the file appears whole, and the first one stays.
    """
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=file.parent)  # only its owner can read it
        made = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as new:
                new.write(base64.urlsafe_b64encode(secrets.token_bytes(_KEY_BYTES)))
            with suppress(FileExistsError):
                os.link(made, file)
        finally:
            made.unlink()
    try:
        return read_keys(file.read_text(encoding="ascii"))[0]
    except ValueError as error:
        raise ConfigurationWrong(
            f"{file} does not hold a key: {error}",
            next_step="Delete it; a new one is made, and tokens have to be entered again.",
        ) from error


def context_of_token(user_id: str, platform: str, account_id: str, column: str) -> str:
    """Return the context of a token of a social account: its natural key and its column."""
    return "\x1f".join(("social_accounts", column, platform, account_id, user_id))


def _aes(key: bytes) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)


def _bound(name: str, context: str) -> bytes:
    return f"{_VERSION}.{name}.{context}".encode()


def _name_of(key: bytes) -> str:
    if len(key) != _KEY_BYTES:
        raise ValueError(f"a key has {_KEY_BYTES} bytes, not {len(key)}")
    return hashlib.sha256(b"studio key name" + key).hexdigest()[:8]


def _parted(text: str) -> tuple[str, str, bytes]:
    version, _, rest = text.partition(".")
    name, _, sealed = rest.partition(".")
    try:
        return version, name, base64.b64decode(sealed, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise Unsealable("not a sealed text") from None
