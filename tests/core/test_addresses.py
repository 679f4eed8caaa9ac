"""No address is shown with its password, wherever in it that stands."""

from __future__ import annotations

import pytest

from igw_audit.core.addresses import without_password


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://igw:SECRET@host/igw",
        "postgresql://igw:SE@CRET@host/igw",
        "postgresql+psycopg://host/igw?user=igw&password=SECRET",
        "postgresql://host/igw?PASSWORD=SECRET&sslmode=require",
        "postgresql://host/igw?sslkey=k&sslpassword=SECRET",
        "the store at https://me:SECRET@host/api and postgresql://a:SECRET@b/c say no",
    ],
)
def test_a_password_is_not_shown(address: str) -> None:
    shown = without_password(address)
    assert "CRET" not in shown
    assert "***" in shown
    assert "host" in shown


@pytest.mark.parametrize("address", ["sqlite:////srv/igw/mlruns/igw.db", "https://host:5000/#/models/a@champion"])
def test_what_holds_no_password_stays_as_it_is(address: str) -> None:
    assert without_password(address) == address


def test_a_ledger_is_named_without_its_password() -> None:
    from igw_audit.evidence.ledger import open_ledger

    assert "SECRET" not in open_ledger("postgresql://host/igw?user=igw&password=SECRET").address
