"""Keys: made once, shown never, trusted for something, for a time, until revoked."""

from __future__ import annotations

import base64
import os
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from tests.evidence.world import NOW, World

from igw_audit.errors import EvidenceError, InputError
from igw_audit.evidence.dsse import EnvelopeError, pae
from igw_audit.evidence.keys import keyid_of, keys_folder, load_key, new_key, passphrase, read_public, signing_key
from igw_audit.evidence.strict import stamp
from igw_audit.evidence.trust import _SMALL_ORDER, TrustedKeys, check_in_force, trusted_keys_file


def test_a_key_is_made_for_its_owner_alone_and_signs_what_its_public_half_verifies(tmp_path: Path) -> None:
    path = new_key("ci", tmp_path / "keys")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    key = load_key(path)
    public = read_public(path.with_suffix(".pub"))
    assert (key.public, key.keyid) == (public, keyid_of(public))
    Ed25519PublicKey.from_public_bytes(public).verify(key.sign(b"hello"), b"hello")


def test_a_key_shows_nothing_of_its_secret(tmp_path: Path) -> None:
    path = new_key("ci", tmp_path)
    key = load_key(path)
    secret = key.private.private_bytes_raw()
    for shown in (repr(key), str(key), f"{key}"):
        assert secret.hex() not in shown
        assert base64.b64encode(secret).decode() not in shown
        assert key.keyid[:12] in shown


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    path = new_key("ci", tmp_path)
    before = path.read_bytes()
    with pytest.raises(EvidenceError, match="never overwritten"):
        new_key("ci", tmp_path)
    assert path.read_bytes() == before
    (tmp_path / "link.pem").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(EvidenceError, match="never overwritten"):
        new_key("link", tmp_path)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("name", ["../ci", "", ".ci", "a/b", "x" * 65, "cí"])
def test_a_keys_name_is_a_plain_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(EvidenceError, match="cannot name a key"):
        new_key(name, tmp_path)


def test_a_passphrase_comes_from_a_file_and_nowhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = new_key("ci", tmp_path, passphrase=b"open sesame")
    assert b"ENCRYPTED" in path.read_bytes()
    with pytest.raises(EvidenceError, match="locked with a passphrase; name the file"):
        load_key(path)
    with pytest.raises(EvidenceError, match="does not hold its passphrase"):
        load_key(path, passphrase=b"open barley")
    (tmp_path / "word").write_text("open sesame\n")
    monkeypatch.setenv("IGW_KEY_PASSPHRASE_FILE", str(tmp_path / "word"))
    monkeypatch.setenv("IGW_KEY_FILE", str(path))
    found = signing_key()
    assert found is not None
    assert found.keyid == load_key(path, passphrase=b"open sesame").keyid
    with pytest.raises(EvidenceError, match="has none; unset"):
        load_key(new_key("open", tmp_path), passphrase=passphrase())
    (tmp_path / "word").write_text("\n")
    with pytest.raises(EvidenceError, match="which is empty"):
        passphrase()
    monkeypatch.setenv("IGW_KEY_PASSPHRASE_FILE", str(tmp_path / "gone"))
    with pytest.raises(EvidenceError, match="cannot be read"):
        passphrase()


def test_without_a_key_named_there_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("IGW_KEY_FILE", raising=False)
    assert signing_key() is None
    monkeypatch.setenv("IGW_KEYS", str(tmp_path))
    assert keys_folder() == tmp_path
    monkeypatch.delenv("IGW_KEYS")
    assert keys_folder().parts[-3:] == (".config", "igw-audit", "keys")


def test_a_key_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    path = new_key("ci", tmp_path)
    path.chmod(0o640)
    with pytest.raises(EvidenceError, match="chmod 600"):
        load_key(path)


def test_other_files_are_no_keys(tmp_path: Path) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = other.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for content, said in ((pem, "no Ed25519 key"), (b"hello", "no private key in PEM"), (b"x" * 10_001, "longer than")):
        path = tmp_path / "key.pem"
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(EvidenceError, match=said):
            load_key(path)
    with pytest.raises(EvidenceError, match="cannot be read"):
        load_key(tmp_path / "gone.pem")
    with pytest.raises(EvidenceError, match="cannot be read"):
        load_key(tmp_path)
    with pytest.raises(EvidenceError, match="stays with its owner"):
        read_public(new_key("ci", tmp_path))
    public = other.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    for content, said in ((public, "no Ed25519 public key"), (b"hello", "no public key in PEM")):
        (tmp_path / "other.pub").write_bytes(content)
        with pytest.raises(EvidenceError, match=said):
            read_public(tmp_path / "other.pub")


def test_trusted_keys_read_back_as_they_were_saved(world: World, tmp_path: Path) -> None:
    world.revoke("ci")
    saved = world.keys.revoke(world.private["mira"].keyid, at=NOW, because='left; said "goodbye" \\ ünïcode')
    path = saved.save(tmp_path / "audits" / "trusted_keys.toml")
    assert TrustedKeys.read(path) == saved
    assert path.read_text(encoding="utf-8").startswith("# Whose signatures count")


def test_where_trusted_keys_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IGW_TRUSTED_KEYS", raising=False)
    assert trusted_keys_file(tmp_path) == tmp_path / "audits" / "trusted_keys.toml"
    monkeypatch.setenv("IGW_TRUSTED_KEYS", str(tmp_path / "team.toml"))
    assert trusted_keys_file(tmp_path) == tmp_path / "team.toml"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"holder": "аda"}, "letters of other alphabets"),
        ({"holder": ""}, "no account name"),
        ({"roles": ()}, "roles"),
        ({"roles": ("boss",)}, "roles"),
        ({"roles": ("reviewer",)}, "need the roles they may review in"),
        ({"reviewer_roles": ("ethics",)}, "nobody else has them"),
        ({"roles": ("reviewer",), "reviewer_roles": ("Ethics!",)}, "reviewer_roles"),
        ({"expires": NOW - timedelta(days=1)}, "before it begins"),
    ],
)
def test_a_key_is_trusted_for_something_by_somebody_for_a_time(changed: dict[str, Any], said: str) -> None:
    given = {"holder": "ci", "roles": ("auditor",), "at": NOW, **changed}
    with pytest.raises(InputError, match=said):
        TrustedKeys().trust(os.urandom(31) + b"\x11", **given)


def test_a_key_is_listed_once_and_does_not_come_back(world: World) -> None:
    world.revoke("ci")
    with pytest.raises(InputError, match="stands twice"):
        world.keys.trust(world.private["ci"].public, holder="ci", roles=("auditor",), at=NOW)
    with pytest.raises(EvidenceError, match=r"was revoked at .*lost on a train"):
        world.keys.revoke(world.private["ci"].keyid, at=NOW, because="again")


def test_a_revocation_says_why_and_names_one_key(world: World) -> None:
    keyid = world.private["mira"].keyid
    for because in ("", " ", "one\ntwo"):
        with pytest.raises(EvidenceError, match="say on one line why"):
            world.keys.revoke(keyid, at=NOW, because=because)
    for start in ("", keyid[:7], "f" * 64):
        with pytest.raises(EvidenceError, match=r"there are: .*mira"):
            world.keys.revoke(start, at=NOW, because="lost")
    found = world.keys.revoke(keyid[:8], at=NOW, because="lost").find(keyid)
    assert found is not None
    assert found.revoked == NOW


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("keyid = ", 'color = "red"\nkeyid = ', "color"),
        ("created = 2026-10-24T12:00:00.000Z", "created = 2026-10-24T12:00:00", "created"),
        ("created = 2026-10-24T12:00:00.000Z", "created = 2026-10-24", "created"),
        ('keyid = "', 'keyid = "0', "is not that of the public key"),
        ('public = "', 'public = "A', "public"),
        ("expires", "revoked = 2026-01-01T00:00:00Z\nexpires", "both a time"),
    ],
)
def test_a_file_of_trusted_keys_is_read_strictly(world: World, tmp_path: Path, old: str, new: str, said: str) -> None:
    path = world.keys.save(tmp_path / "keys.toml")
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError, match=said):
        TrustedKeys.read(path)


@pytest.mark.parametrize("raw", sorted(_SMALL_ORDER))
@pytest.mark.parametrize("sign_bit", [0, 0x80])
def test_a_key_in_whose_name_anyone_can_sign_is_not_trusted(raw: bytes, sign_bit: int) -> None:
    weak = raw[:31] + bytes([raw[31] | sign_bit])
    with pytest.raises(InputError, match="lets anyone sign"):
        TrustedKeys().trust(weak, holder="ci", roles=("auditor",), at=NOW)


def test_the_list_of_weak_keys_is_of_points_that_eight_times_themselves_vanish() -> None:
    assert {_times_eight(raw) for raw in _SMALL_ORDER} == {(0, 1)}
    assert len(_SMALL_ORDER) == 7


def test_such_a_key_would_indeed_verify_a_signature_that_nobody_made() -> None:
    """The reason for the list: with the neutral point as public key one signature fits any message."""
    neutral = b"\x01" + bytes(31)
    Ed25519PublicKey.from_public_bytes(neutral).verify(neutral + bytes(32), pae("any", b"message"))


def _times_eight(raw: bytes) -> tuple[int, int]:
    """Add the point to itself three times, on the Edwards curve of Ed25519 (RFC 8032)."""
    p = 2**255 - 19
    d = -121665 * pow(121666, -1, p) % p
    y = int.from_bytes(raw, "little") % p
    square = (y * y - 1) * pow(d * y * y + 1, -1, p) % p
    x = pow(square, (p + 3) // 8, p)
    if (x * x - square) % p:
        x = x * pow(2, (p - 1) // 4, p) % p
    assert (x * x - square) % p == 0
    for _ in range(3):
        both = d * x * x * y * y % p
        x, y = (2 * x * y * pow(1 + both, -1, p) % p, (y * y + x * x) * pow(1 - both, -1, p) % p)
    return x, y


def test_a_key_counts_from_its_first_moment_to_its_last(world: World) -> None:
    key = world.keys.find(world.private["ci"].keyid)
    assert key is not None
    check_in_force(key, NOW)
    check_in_force(key, key.created - timedelta(minutes=5))
    for at, word in ((key.created - timedelta(minutes=6), "key_not_yet"), (key.expires, "key_expired")):
        with pytest.raises(EnvelopeError) as caught:
            check_in_force(key, at)
        assert caught.value.reason == word
    assert stamp(key.expires) in str(caught.value)
