"""Trusted keys: whose they are, what they may sign, from when and until when; and the check of an envelope by them."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, Field, StringConstraints, field_validator, model_validator

from igw_audit.core.settings import Strict, read_settings
from igw_audit.core.whole import write_file_whole
from igw_audit.errors import EvidenceError
from igw_audit.evidence.dsse import IN_TOTO, Envelope, EnvelopeError, pae
from igw_audit.evidence.keys import keyid_of
from igw_audit.evidence.strict import ACCOUNT, read_canonical, stamp

Role = Literal["auditor", "reviewer", "service"]
#: Where the file of trusted keys is, if not in the project.
TRUSTED_KEYS = "IGW_TRUSTED_KEYS"
#: How far two honest clocks may stand apart.
SKEW = timedelta(minutes=5)
VALID_DAYS = 730
_Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$")]
_RAW_BYTES = 32


class TrustedKey(Strict):
    """A public key that we trust: its holder's account name, what it may sign, and when.

    ``roles``: ``auditor`` signs audits, ``reviewer`` a person's own reviews, ``service`` reviews of people whom a
    server saw sign in. ``reviewer_roles`` names the roles of a policy (for example ``ethics``) it may review in.
    """

    keyid: str
    public: str
    holder: str
    roles: tuple[Role, ...] = Field(min_length=1)
    reviewer_roles: tuple[_Word, ...] = ()
    created: AwareDatetime
    expires: AwareDatetime
    revoked: AwareDatetime | None = None
    revoked_because: str | None = None

    @field_validator("holder")
    @classmethod
    def _plain_account(cls, holder: str) -> str:
        if not ACCOUNT.fullmatch(holder):
            raise ValueError(
                f"{holder!r} is no account name; use plain letters, digits and . _ @ + - only, "
                "for letters of other alphabets can look the same"
            )
        return holder

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        raw = _raw(self.public)
        if _weak(raw):
            raise ValueError("this public key lets anyone sign in its name; have a new one made: igw-audit keys new")
        if keyid_of(raw) != self.keyid:
            raise ValueError(f"keyid {self.keyid[:12]}... is not that of the public key, {keyid_of(raw)[:12]}...")
        if self.expires <= self.created:
            raise ValueError(f"the key expires at {stamp(self.expires)}, before it begins")
        reviews = {"reviewer", "service"} & set(self.roles)
        if bool(reviews) != bool(self.reviewer_roles):
            raise ValueError(
                f"roles are {', '.join(self.roles)} and reviewer_roles {', '.join(self.reviewer_roles) or 'none'}; "
                "a reviewer and a service need the roles they may review in, and nobody else has them"
            )
        if (self.revoked is None) != (self.revoked_because is None):
            raise ValueError("a revoked key has both a time (revoked) and a reason (revoked_because)")
        return self

    @property
    def raw(self) -> bytes:
        """The raw public key, 32 bytes."""
        return _raw(self.public)


class TrustedKeys(Strict):
    """All trusted keys, revoked ones too: a key that was ever used stays listed, so that it is known."""

    key: tuple[TrustedKey, ...] = ()

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        ids = [one.keyid for one in self.key]
        twice = sorted({keyid[:12] for keyid in ids if ids.count(keyid) > 1})
        if twice:
            raise ValueError(f"a key is listed once; {', '.join(twice)} stands twice")
        return self

    @classmethod
    def read(cls, path: str | Path) -> TrustedKeys:
        """Read the file; InputError names all that is wrong with it."""
        return read_settings(cls, Path(path), what="trusted keys")

    def save(self, path: str | Path) -> Path:
        """Write the file, aside first."""
        content = (_HEAD + "".join(_written(one) for one in self.key)).encode()

        def write(aside: Path) -> None:
            aside.write_bytes(content)

        return write_file_whole(Path(path), write)

    def find(self, keyid: str) -> TrustedKey | None:
        """Give the key with this id."""
        return next((one for one in self.key if one.keyid == keyid), None)

    def named(self, start: str) -> TrustedKey:
        """Give the one key whose id starts like this (8 characters or more); EvidenceError lists what there is."""
        found = [one for one in self.key if one.keyid.startswith(start)]
        if len(start) < 8 or len(found) != 1:
            held = ", ".join(f"{one.keyid[:12]} ({one.holder})" for one in self.key) or "none yet"
            raise EvidenceError(f"{len(found)} trusted keys have an id that starts with {start!r}; there are: {held}")
        return found[0]

    def trust(self, public: bytes, *, holder: str, roles: tuple[str, ...], at: datetime, **more: Any) -> TrustedKeys:
        """Give the keys with one more; ``more``: ``reviewer_roles``, ``expires`` (default two years from ``at``).

        Raises
        ------
        InputError
            If the key cannot be trusted like this, or is listed already (a revoked key does not come back).
        """
        added = {
            "keyid": keyid_of(public),
            "public": base64.b64encode(public).decode(),
            "holder": holder,
            "roles": roles,
            "created": at.replace(microsecond=0),
            "expires": (at + timedelta(days=VALID_DAYS)).replace(microsecond=0),
            **{name: value for name, value in more.items() if value is not None},
        }
        key: TrustedKey = read_settings(TrustedKey, added, what="the key")
        return read_settings(TrustedKeys, {"key": (*self.key, key)}, what="trusted keys")

    def revoke(self, keyid: str, *, at: datetime, because: str) -> TrustedKeys:
        """Give the keys with one of them revoked, for a reason; the first revocation stays."""
        known = self.named(keyid)
        if known.revoked is not None:
            raise EvidenceError(
                f"key {known.keyid[:12]} was revoked at {stamp(known.revoked)}: {known.revoked_because}"
            )
        if not because.strip() or not because.isprintable():
            raise EvidenceError("say on one line why the key is revoked; whoever reads an old approval will ask")
        changed = known.model_copy(update={"revoked": at.replace(microsecond=0), "revoked_because": because.strip()})
        return TrustedKeys(key=tuple(changed if one is known else one for one in self.key))


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What an envelope says, and the trusted key that signed it."""

    statement: Mapping[str, Any]
    signer: TrustedKey


def trusted_keys_file(project: str | Path) -> Path:
    """Give the file of trusted keys: ``$IGW_TRUSTED_KEYS``, or ``<project>/audits/trusted_keys.toml``."""
    named = os.environ.get(TRUSTED_KEYS, "").strip()
    return Path(named) if named else Path(project) / "audits" / "trusted_keys.toml"


def check(envelope: Envelope, keys: TrustedKeys, *, role: Role, at: datetime) -> Signed:
    """Check who signed an envelope, and that they may in this role at this moment.

    Raises
    ------
    EnvelopeError
        Its ``reason`` says in one word what does not hold.
    """
    signer = signer_of(envelope, keys)
    check_in_force(signer, at)
    if role not in signer.roles:
        raise EnvelopeError(
            "key_role",
            f"key {signer.keyid[:12]} of {signer.holder} is trusted as {', '.join(signer.roles)}, and this needs a "
            f"key of the role {role}; sign with such a key, or have the role added to the trusted keys",
        )
    try:
        statement = read_canonical(envelope.payload)
    except ValueError as error:
        raise EnvelopeError("payload_broken", f"what was signed cannot be read: {error}") from None
    if not isinstance(statement, dict):
        raise EnvelopeError("payload_broken", "what was signed is no statement")
    return Signed(statement=statement, signer=signer)


def signer_of(envelope: Envelope, keys: TrustedKeys, *, payload_type: str = IN_TOTO) -> TrustedKey:
    """Give the trusted key whose signature the envelope truly carries, whether or not it is still in force."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if envelope.payload_type != payload_type:
        raise EnvelopeError(
            "payload_type", f"the envelope holds {envelope.payload_type!r}, and {payload_type!r} is expected here"
        )
    if len(envelope.signatures) != 1:
        raise EnvelopeError(
            "signature_count",
            f"the envelope carries {len(envelope.signatures)} signatures, and exactly one is expected; "
            "each person signs an envelope of their own",
        )
    (signature,) = envelope.signatures
    key = keys.find(signature.keyid)
    if key is None:
        raise EnvelopeError(
            "key_unknown",
            f"nobody whom we know signed this: key {signature.keyid[:12]!r} is not among the trusted keys; "
            "have it trusted (igw-audit keys trust), or sign with a key that is",
        )
    try:
        Ed25519PublicKey.from_public_bytes(key.raw).verify(signature.sig, pae(payload_type, envelope.payload))
    except InvalidSignature:
        raise EnvelopeError(
            "signature_wrong",
            f"the signature is not that of key {key.keyid[:12]} ({key.holder}) over these bytes: they were changed "
            "after signing, or somebody else signed",
        ) from None
    return key


def check_in_force(key: TrustedKey, at: datetime) -> None:
    """Raise EnvelopeError unless the key counts at this moment; a revoked key vouches for nothing any more."""
    told = f"key {key.keyid[:12]} of {key.holder}"
    if key.revoked is not None and key.revoked <= at + SKEW:
        raise EnvelopeError(
            "key_revoked",
            f"{told} was revoked at {stamp(key.revoked)} ({key.revoked_because}), and nothing signed with it counts "
            "any more; have it signed anew with another key",
        )
    if at + SKEW < key.created:
        raise EnvelopeError("key_not_yet", f"{told} counts from {stamp(key.created)} only, and it is {stamp(at)}")
    if key.expires <= at:
        raise EnvelopeError("key_expired", f"{told} expired at {stamp(key.expires)}; sign anew with a current key")


def _raw(public: str) -> bytes:
    try:
        raw = base64.b64decode(public, validate=True)
    except binascii.Error:
        raise ValueError("public is not base64; take it from a .pub file: igw-audit keys trust FILE.pub") from None
    if len(raw) != _RAW_BYTES or base64.b64encode(raw).decode() != public:
        raise ValueError(f"public holds {len(raw)} bytes, and an Ed25519 public key has {_RAW_BYTES}")
    return raw


#: y of the points of small order, as far as an encoding can hold them; a signature by such a key fits any message.
_SMALL_ORDER = frozenset(
    bytes.fromhex(text)
    for text in (
        "00" * 32,
        "01" + "00" * 31,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",
        "ee" + "ff" * 30 + "7f",
    )
)


def _weak(raw: bytes) -> bool:
    return raw[:31] + bytes([raw[31] & 0x7F]) in _SMALL_ORDER


_HEAD = """\
# Whose signatures count, for what, and until when. Whoever can change this file decides who is believed:
# keep it under version control and have changes looked at by a second person. igw-audit keys trust|revoke write it.
"""


def _written(key: TrustedKey) -> str:
    import json

    lines = ["", "[[key]]"]
    for name, value in key.model_dump().items():
        if value is None:
            continue
        if isinstance(value, datetime):
            shown = stamp(value)
        elif isinstance(value, tuple):
            shown = f"[{', '.join(json.dumps(part) for part in value)}]"
        else:
            shown = json.dumps(value, ensure_ascii=False)
        lines.append(f"{name} = {shown}")
    return "\n".join(lines) + "\n"
