"""Whether enough people, of the roles that the policy asks for, approve: nobody counts twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from igw_audit.core.decision import Reason
from igw_audit.evidence.signed import SignedReview
from igw_audit.evidence.statement import AuditStatement
from igw_audit.evidence.strict import person
from igw_audit.evidence.words import said


def missing_sign_offs(audit: AuditStatement, counted: Sequence[SignedReview], uri: str) -> Iterator[Reason]:
    """Yield one reason naming every role that still lacks people.

    A person may have approved in several roles and fills one place, so places are filled by matching people to them.
    """
    asked = audit.sign_off.reviewers
    places = [role for role in sorted(asked) for _ in range(asked[role])]
    filled = _matched(places, _approving(counted))
    lacking = {
        role: sum(places[place] == role for place in range(len(places)) if place not in filled) for role in asked
    }
    wanted = [(role, lacking[role]) for role in sorted(lacking) if lacking[role]]
    if wanted or not places:
        signed, getekend = (
            ("a key of their own", "een eigen sleutel") if audit.sign_off.personal_signature else ("", "")
        )
        yield said(
            "refer",
            "sign_off_missing",
            uri=uri,
            detail=_told(wanted, "approval by", "more", signed and f", each signed with {signed}"),
            dutch=_told(wanted, "akkoord van", "keer", getekend and f", elk ondertekend met {getekend}"),
        )


def _told(wanted: Sequence[tuple[str, int]], approval: str, times: str, signed: str) -> str:
    return ", ".join(f"{approval} {role} ({count} {times})" for role, count in wanted) + signed


def _approving(counted: Sequence[SignedReview]) -> dict[str, set[str]]:
    """Give the roles in which each person approves, for everyone whose last word approves."""
    roles: dict[str, set[str]] = {}
    for one in counted:
        who = person(one.statement.by)
        if one.statement.word == "approve":
            roles.setdefault(who, set()).add(one.statement.role)
        else:
            roles.pop(who, None)
    return roles


def _matched(places: Sequence[str], people: Mapping[str, set[str]]) -> dict[int, str]:
    """Fill as many places as can be, one person each (augmenting paths)."""
    filled: dict[int, str] = {}

    def seat(who: str, tried: set[int]) -> bool:
        for place, role in enumerate(places):
            if role not in people[who] or place in tried:
                continue
            tried.add(place)
            if place not in filled or seat(filled[place], tried):
                filled[place] = who
                return True
        return False

    for who in sorted(people):
        seat(who, set())
    return filled
