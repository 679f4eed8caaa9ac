"""How the registry says no: HTTP 403 with a reason that a program can read and a sentence that says what to do."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import PERMISSION_DENIED

from igw_audit.core.decision import Reason


def refusal(reason: str, sentence: str, *, because: Sequence[Reason] = ()) -> MlflowException:
    """Make the exception that refuses a request.

    Parameters
    ----------
    reason : str
        One word; it stands in the body as ``igw_reason``.
    sentence : str
        What was asked and what to do instead.
    because : sequence of Reason
        Why the version does not stand; in the body as ``igw_reasons``, in both languages.
    """
    told = [one for one in because if one.word != "allow"] or list(because)
    lines = [sentence, *(f"- {one.text.en}" for one in told)]
    listed = [{"word": one.word, "rule": one.rule, "text": one.text.to_dict()} for one in told]
    more: dict[str, Any] = {"igw_reasons": listed} if listed else {}
    return MlflowException("\n".join(lines), error_code=PERMISSION_DENIED, igw_reason=reason, **more)


def acting_user() -> str:
    """Give who asks: the account that signed in at the server, or the system's account where there is no server."""
    from flask import has_request_context

    return (signed_in_user() or "(not signed in)") if has_request_context() else getpass.getuser()


def signed_in_user() -> str | None:
    """Give the account that signed in at the server; None without a server, or where nobody did."""
    from flask import g, has_request_context

    found = g.get("mlflow_authenticated_user") if has_request_context() else None
    return str(found) if found else None


def no_answer(error: Exception) -> MlflowException:
    """Refuse because keys or ledger cannot be read: doubt is never approval."""
    return refusal("gate_unreadable", f"whether this is approved cannot be told, so it counts as not approved: {error}")
