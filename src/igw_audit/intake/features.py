"""Which features a model may not be trained on: protected attributes, and names that give one away."""

from __future__ import annotations

from collections.abc import Iterable

from igw_audit.core.lexicon import LexiconHit, match_names, split_words
from igw_audit.core.origin_values import origin_in_values
from igw_audit.core.schema import CaseSchema
from igw_audit.core.tables import CaseTable


def check_features(schema: CaseSchema, protected_columns: Iterable[str] = ()) -> list[str]:
    """Say which features or declared factors may not be trained on; an empty list where there are none.

    It is a check of its own and no part of reading: a model that exists and uses such a feature can still be audited,
    and that audit ends in a refusal.

    Parameters
    ----------
    schema : CaseSchema
        Whose features are looked at.
    protected_columns : iterable of str
        The columns of the protected table.
    """
    features = schema.model_columns
    protected = {split_words(name): name for name in protected_columns}
    problems = []
    same = {}
    for name in features:
        column = protected.get(split_words(name))
        if column is not None and split_words(name):
            same[name] = column
            problems.append(
                f"feature {name!r} is the protected attribute {column!r}; {_advice(name)}: it belongs in the protected "
                "table alone, where the audits find it"
            )
    return [
        *problems,
        *(_sentence(hit) for hit in match_names(name for name in features if name not in same) if hit.blocks),
    ]


def check_values(table: CaseTable) -> list[str]:
    """Say which features or declared factors hold countries, nationalities, languages or codes of them as values."""
    found = ((name, origin_in_values(table.frame[name])) for name in table.schema.model_columns)
    return [
        f"feature {name!r}: half or more of its values are {origin.what.en}, which tell nationality "
        f"or origin whatever the "
        f"column is called (CRM-02), and no model may select by that; {_advice(name)} and put it in the protected table"
        for name, origin in found
        if origin is not None
    ]


def _sentence(hit: LexiconHit) -> str:
    what = "stands for" if hit.category == "forbidden" else "encodes, nearly one to one,"
    return (
        f"feature {hit.name!r}: the name holds {hit.word!r}, which {what} {hit.stands_for.en} ({hit.source}), and no "
        f"model may select by that; {_advice(hit.name)} and put it in the protected table. If it is something else, "
        "give the column a name that says what it is"
    )


def _advice(name: str) -> str:
    return f'give {name!r} the role "ignore"'
