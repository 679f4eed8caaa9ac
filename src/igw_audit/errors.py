"""What can go wrong, in words that say what was found, what was expected and what to do."""

from __future__ import annotations

from collections.abc import Sequence


class IgwAuditError(Exception):
    """The base of every error that igw-audit raises on purpose."""


class InputError(IgwAuditError):
    """A file, table or setting is not as it should be; all its problems at once.

    Parameters
    ----------
    subject : str
        What was being read, for example a file's path.
    problems : sequence of str
        One sentence a problem: what was found, what was expected, what to do.
    """

    def __init__(self, subject: str, problems: Sequence[str]) -> None:
        self.subject = subject
        self.problems = tuple(problems)
        count = len(self.problems)
        head = f"{subject}: {count} problem{'s' if count != 1 else ''}"
        super().__init__("\n".join([head, *(f"  {number}. {text}" for number, text in enumerate(self.problems, 1))]))


class NotMeasurableError(IgwAuditError):
    """A question cannot be answered from these cases; the message says why and what would help.

    Parameters
    ----------
    english : str
        The reason in English.
    dutch : str
        The same reason in Dutch, at reading level B1.
    """

    def __init__(self, english: str, dutch: str) -> None:
        self.english = english
        self.dutch = dutch
        super().__init__(english)


class TrackingError(IgwAuditError):
    """The MLflow store, a run or a registered version is not as it should be."""


class EvidenceError(IgwAuditError):
    """A record, a hash or a model's bytes do not agree with one another."""
