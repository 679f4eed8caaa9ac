"""A sentence in both languages of the product."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """The same sentence in English and in Dutch (reading level B1)."""

    en: str
    nl: str

    def to_dict(self) -> dict[str, str]:
        """Give the sentence as record.json holds it."""
        return {"en": self.en, "nl": self.nl}

    def within(self, language: str) -> str:
        """Give the sentence in one language, ``en`` or ``nl``."""
        return self.nl if language == "nl" else self.en
