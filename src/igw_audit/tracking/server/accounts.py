"""What an account may see of other accounts, and which names of models it may take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from igw_audit.tracking.gated_registry.refusal import refusal, signed_in_user

if TYPE_CHECKING:
    from flask import Request


def check_accounts(request: Request) -> None:
    """Refuse the list of accounts to who is no administrator, and a model's name to who was not given it."""
    path, method = request.path, request.method
    if path.endswith("/mlflow/users/list") and not _is_administrator():
        raise refusal("administrators_only", "who has an account here, and which rights, is shown to administrators")
    if method == "POST" and path.endswith("/mlflow/registered-models/create"):
        from mlflow.protos.model_registry_pb2 import CreateRegisteredModel
        from mlflow.server.handlers import _get_request_message

        _check_name(_get_request_message(CreateRegisteredModel(), request).name)
    elif method == "POST" and path.endswith("/mlflow/registered-models/rename"):
        from mlflow.protos.model_registry_pb2 import RenameRegisteredModel
        from mlflow.server.handlers import _get_request_message

        _check_name(_get_request_message(RenameRegisteredModel(), request).new_name)


def _check_name(name: str) -> None:
    """Refuse a name that nobody gave to this account: a name once taken says whose model it is."""
    account = signed_in_user() or ""
    if _is_administrator() or (name and _may_take(account, name)):
        return
    raise refusal(
        "name_not_given",
        f"{account} may not name a model {name!r}: an administrator gives the name first, by granting {account} EDIT "
        f"or MANAGE on registered_model {name!r} (or '*', for any name) with POST "
        "/api/3.0/mlflow/users/permissions/grant",
    )


def _is_administrator() -> bool:
    from mlflow.server.auth import store

    account = signed_in_user()
    return account is not None and bool(store.get_user(account).is_admin)


def _may_take(account: str, name: str) -> bool:
    from mlflow.server.auth import store

    workspace = store._get_active_workspace_name()
    found = store.get_role_permission_for_resource(store.get_user(account).id, "registered_model", name, workspace)
    return found is not None and bool(found.can_update)
