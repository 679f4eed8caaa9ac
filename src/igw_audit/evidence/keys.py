"""Private keys (Ed25519): made once, kept in a file that only its owner can read, never shown."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from igw_audit.errors import EvidenceError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEYS_FOLDER = "IGW_KEYS"
KEY_FILE = "IGW_KEY_FILE"
PASSPHRASE_FILE = "IGW_KEY_PASSPHRASE_FILE"  # noqa: S105 - the name of a variable  # nosec B105
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
#: No key file is longer; what is, was named by mistake.
_LONGEST = 10_000


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey:
    """A private key that can sign. Its repr shows the key's id and nothing of the secret."""

    private: Ed25519PrivateKey

    @property
    def public(self) -> bytes:
        """The raw public key, 32 bytes."""
        return self.private.public_key().public_bytes_raw()

    @property
    def keyid(self) -> str:
        """The SHA-256 of the raw public key, in hex."""
        return keyid_of(self.public)

    def sign(self, message: bytes) -> bytes:
        """Sign bytes; the signature has 64."""
        return self.private.sign(message)

    def __repr__(self) -> str:
        return f"SigningKey({self.keyid[:12]}...)"


def keyid_of(public: bytes) -> str:
    """Give the id of a raw public key."""
    return hashlib.sha256(public).hexdigest()


def keys_folder() -> Path:
    """Give the folder of private keys: ``$IGW_KEYS``, or ``~/.config/igw-audit/keys``."""
    named = os.environ.get(KEYS_FOLDER, "").strip()
    return Path(named) if named else Path.home() / ".config" / "igw-audit" / "keys"


def new_key(name: str, folder: str | Path, *, passphrase: bytes | None = None) -> Path:
    """Make a private key ``<name>.pem`` (PKCS8, mode 0600) with its public half ``<name>.pub`` beside it.

    Raises
    ------
    EvidenceError
        If a file is there already (a key is never overwritten), or the name is no plain file name.
    """
    from cryptography.hazmat.primitives import serialization as written
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    if not _NAME.fullmatch(name):
        raise EvidenceError(f"{name!r} cannot name a key; use letters, digits, dot, dash and underscore only")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if (folder / f"{name}.pub").exists():
        raise EvidenceError(f"{folder / name}.pub is there, and a key is never overwritten; choose another name")
    private = Ed25519PrivateKey.generate()
    locked = written.BestAvailableEncryption(passphrase) if passphrase else written.NoEncryption()
    pem = private.private_bytes(written.Encoding.PEM, written.PrivateFormat.PKCS8, locked)
    public = private.public_key().public_bytes(written.Encoding.PEM, written.PublicFormat.SubjectPublicKeyInfo)
    path = folder / f"{name}.pem"
    _write_new(path, pem, mode=0o600)
    _write_new(folder / f"{name}.pub", public, mode=0o644)
    return path


def load_key(path: str | Path, *, passphrase: bytes | None = None) -> SigningKey:
    """Read a private key.

    Raises
    ------
    EvidenceError
        If the file is missing, others can read it, it is no Ed25519 key, or the passphrase does not open it.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    path = Path(path)
    content = _read(path, private=True)
    try:
        private = load_pem_private_key(content, password=passphrase)
    except TypeError:
        said = (
            "is locked with a passphrase; name the file that holds it in" if passphrase is None else "has none; unset"
        )
        raise EvidenceError(f"the key {path} {said} ${PASSPHRASE_FILE}") from None
    except ValueError:
        hint = "" if passphrase is None else f", or ${PASSPHRASE_FILE} does not hold its passphrase"
        raise EvidenceError(f"{path} is no private key in PEM{hint}; make one with: igw-audit keys new NAME") from None
    if not isinstance(private, Ed25519PrivateKey):
        raise EvidenceError(f"{path} is no Ed25519 key; make one with: igw-audit keys new NAME")
    return SigningKey(private)


def signing_key(path: str | Path | None = None) -> SigningKey | None:
    """Read the key of a person or of CI: the named file or ``$IGW_KEY_FILE``; None where neither is given.

    A passphrase comes from the file that ``$IGW_KEY_PASSPHRASE_FILE`` names, never from the command line.
    """
    named = path or os.environ.get(KEY_FILE, "").strip()
    return load_key(named, passphrase=passphrase()) if named else None


def passphrase() -> bytes | None:
    """Read the passphrase from the file that ``$IGW_KEY_PASSPHRASE_FILE`` names; None where it is not set."""
    named = os.environ.get(PASSPHRASE_FILE, "").strip()
    if not named:
        return None
    try:
        held = Path(named).read_bytes().strip(b"\r\n")
    except OSError as error:
        raise EvidenceError(f"${PASSPHRASE_FILE} names {named}, which cannot be read: {error.strerror}") from None
    if not held:
        raise EvidenceError(
            f"${PASSPHRASE_FILE} names {named}, which is empty; write the passphrase in it, or unset it"
        )
    return held


def read_public(path: str | Path) -> bytes:
    """Read a raw public key from ``<name>.pub`` (PEM).

    Raises
    ------
    EvidenceError
        If it is missing or no Ed25519 public key; a private key is refused, for nobody should hand it over.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    path = Path(path)
    content = _read(path)
    if b"PRIVATE KEY" in content:
        raise EvidenceError(f"{path} is a private key, which stays with its owner; give the .pub file beside it")
    try:
        public = load_pem_public_key(content)
    except ValueError:
        raise EvidenceError(f"{path} is no public key in PEM; give the .pub file of igw-audit keys new") from None
    if not isinstance(public, Ed25519PublicKey):
        raise EvidenceError(f"{path} is no Ed25519 public key; give the .pub file of igw-audit keys new")
    return public.public_bytes_raw()


def _write_new(path: Path, content: bytes, *, mode: int) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), mode)
    except FileExistsError:
        raise EvidenceError(f"{path} is there already, and a key is never overwritten; choose another name") from None
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _read(path: Path, *, private: bool = False) -> bytes:
    try:
        with path.open("rb") as stream:
            mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
            content = stream.read(_LONGEST + 1)
    except OSError as error:
        raise EvidenceError(f"the key {path} cannot be read: {error.strerror}") from None
    if private and os.name == "posix" and mode & 0o077:
        raise EvidenceError(f"others can read the private key {path}; close it first: chmod 600 {path}")
    if len(content) > _LONGEST:
        raise EvidenceError(f"{path} is no key: it is longer than {_LONGEST:,} bytes")
    return content
