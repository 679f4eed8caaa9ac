"""What went round the gate: one finding of `igw-audit doctor`, with where it is and what to do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """One thing that went round the gate, or that the gate can no longer vouch for.

    Attributes
    ----------
    kind : str
        One word that machines read; the documentation lists them.
    where : str
        A model, version, alias or ledger entry: ``models:/study@champion``, ``ledger entry 12``.
    found, do : str
        What was found, and what to do, in plain words.
    """

    kind: str
    where: str
    found: str
    do: str


#: Every kind that the doctor can name, with what it means; the documentation lists them.
KINDS = {
    "alias_unaudited": "an alias leads to a version without signed evidence",
    "alias_not_approved": "an alias leads to a version that people have not approved, or have rejected",
    "approval_lapsed": "an approval is past its date, its policy was tightened, or a key under it lapsed",
    "alias_unpromoted": "an alias was set without a promotion in the ledger",
    "alias_moved": "an alias leads to another version than the ledger's last promotion",
    "alias_gone": "the ledger promoted a version, and its alias is not there",
    "alias_of_prompt": "a prompt uses an alias that says that a model was approved",
    "alias_free": "an alias that needs no approval here leads to a version that does not stand; told, and not counted",
    "stage_in_use": "a version has a stage, which the gate does not know",
    "registered_outside": "the ledger does not have that a version was trained and registered through us",
    "source_moved": "a version's files are no longer where they were when it was registered",
    "copied_version": "a version is a copy of another one, and evidence does not travel",
    "tag_untrue": "a tag in the name of igw-audit says something else than evidence and ledger, or is none of ours",
    "evidence_changed": "a piece of evidence was changed, copied from elsewhere, or signed by nobody whom we know",
    "evidence_gone": "the ledger knows of evidence that the version no longer holds",
    "evidence_unknown": "a version holds evidence that the ledger does not know",
    "model_changed": "the model's files are not those that were audited, or registered",
    "model_missing": "the model's files cannot be read",
    "files_unreachable": "the files of a model or record cannot be looked at from here",
    "record_changed": "the record or a page beside it is not the one that was signed",
    "logged_model_gone": "the logged model behind an audited version was deleted",
    "run_gone": "the run behind an audited version was deleted",
    "version_gone": "an audited version was deleted",
    "version_remade": "an audited version was deleted, and another one has its number now",
    "key_unknown": "a key counts as trusted, and the ledger has no word of it, or another one",
    "key_revived": "a key that was revoked counts again",
    "ledger_missing": "there is evidence, and no ledger",
    "ledger_broken": "an entry of the ledger was edited, removed, added or moved",
    "ledger_shortened": "the ledger ends before an entry that it once had",
    "exposure_unlogged": "a case was scored, and table and ledger do not agree about it",
    "scored_unapproved": "cases were scored with a version that was not approved",
    "file_open_to_others": "other accounts may read or write a file with cases, evidence, accounts or scores",
}

#: Told so that nobody is surprised, and no reason to fail: somebody decided that these need no approval.
NOTED = frozenset({"alias_free"})
