"""What each method of MLflow's registry store means to the gate; a test fails when MLflow gains one that is not here.

``guarded``: changes something, and is refused where it would go round the gate. ``filtered``: reads, and leaves out
what does not stand. ``free``: the gate has no say in it. ``built``: made by MLflow out of the other methods, so that
it passes them. ``open``: cannot be closed in a registry; the ledger and ``igw-audit doctor`` are for those.
"""

from __future__ import annotations

from typing import Literal

Meaning = Literal["guarded", "filtered", "free", "built", "open"]

METHODS: dict[str, Meaning] = {
    "create_registered_model": "guarded",
    "update_registered_model": "filtered",
    "rename_registered_model": "guarded",
    "delete_registered_model": "guarded",
    "search_registered_models": "filtered",
    "get_registered_model": "filtered",
    "get_latest_versions": "filtered",
    "set_registered_model_tag": "guarded",
    "delete_registered_model_tag": "free",
    "create_model_version": "guarded",
    "update_model_version": "filtered",
    "transition_model_version_stage": "guarded",
    "delete_model_version": "guarded",
    "get_model_version": "filtered",
    # whoever knows a version's number reaches its files, as whoever reads the artifact store does
    "get_model_version_download_uri": "open",
    "search_model_versions": "filtered",
    "set_model_version_tag": "guarded",
    "delete_model_version_tag": "guarded",
    "set_registered_model_alias": "guarded",
    "delete_registered_model_alias": "guarded",
    "get_model_version_by_alias": "filtered",
    "copy_model_version": "built",
    "create_prompt": "built",
    "search_prompts": "built",
    "delete_prompt": "built",
    "set_prompt_tag": "built",
    "delete_prompt_tag": "built",
    "get_prompt": "built",
    "create_prompt_version": "built",
    "get_prompt_version": "built",
    "delete_prompt_version": "built",
    "get_prompt_version_by_alias": "built",
    "set_prompt_alias": "built",
    "delete_prompt_alias": "built",
    "search_prompt_versions": "built",
    "set_prompt_version_tag": "built",
    "delete_prompt_version_tag": "built",
    "link_prompts_to_trace": "built",
    "link_prompt_version_to_model": "built",
    "link_prompt_version_to_run": "built",
    # a webhook is told after the write and cannot change it
    "create_webhook": "free",
    "get_webhook": "free",
    "list_webhooks": "free",
    "list_webhooks_by_event": "free",
    "update_webhook": "free",
    "delete_webhook": "free",
    "test_webhook": "built",
    "supports_workspaces": "free",
}
