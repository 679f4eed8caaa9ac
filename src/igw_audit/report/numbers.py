"""How numbers look to people: the language's own marks, sensible digits, and never a zero that is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from igw_audit.stats.estimate import Estimate

Language = Literal["nl", "en"]
Unit = Literal["share", "points", "ratio", "sd", "auc", "gap", "span", "plain", "count"]

#: Units of a comparison around zero: a plus sign says which way it goes.
_SIGNED: tuple[Unit, ...] = ("points", "sd", "gap")
MINUS = "\u2212"
_NBSP = "\u00a0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """Numbers in one language: ``1.234,5`` in Dutch, ``1,234.5`` in English."""

    language: Language

    def whole(self, value: float) -> str:
        """Write a whole number with its thousands marked.

        >>> Numbers(language="nl").whole(12345)
        '12.345'
        """
        return self._marked(f"{round(value):,}")

    def decimal(self, value: float, digits: int) -> str:
        """Write a number with so many digits; what would read as zero and is none, reads as less than the last digit.

        >>> Numbers(language="en").decimal(0.0004, 2), Numbers(language="nl").decimal(-0.0004, 2)
        ('<0.01', '>−0,01')
        """
        text = f"{value:,.{digits}f}"
        if float(text.replace(",", "")) == 0:
            if value == 0:
                return "0"
            last = self._marked(f"{10.0**-digits:.{digits}f}")
            return f"<{last}" if value > 0 else f">{MINUS}{last}"
        return self._marked(text)

    def setting(self, value: float) -> str:
        """Write a number that somebody set with the digits that it has: no zeros that could be read as thousands.

        >>> Numbers(language="nl").setting(60.0), Numbers(language="nl").setting(0.125)
        ('60', '0,125')
        """
        return self._marked(f"{value:,.6f}".rstrip("0").rstrip("."))

    def per_thousand(self, share: float) -> str:
        """Write a share as a count of 1,000, with one decimal under ten."""
        count = share * 1000
        return self.decimal(count, 1 if 0 < count < 9.95 else 0)

    def signed_per_thousand(self, share: float) -> str:
        """Write a shift of a share as a count of 1,000, with the sign that says which way it goes."""
        count = self.per_thousand(abs(share))
        return count if share == 0 else f"{'+' if share > 0 else MINUS}{count}"

    def shift(self, value: float) -> str:
        """Write a shift in standard deviations, with a digit more near nothing.

        An interval from one "less than" to another would tell nobody anything.

        >>> Numbers(language="en").shift(-0.0041), Numbers(language="en").shift(0.294)
        ('−0.004', '0.29')
        """
        return self.decimal(value, 2 if value == 0 or abs(value) >= 0.005 else 3)

    def percent(self, share: float) -> str:
        """Write a share as a percentage."""
        return f"{self.decimal(share * 100, 1)}%"

    def p(self, value: float) -> str:
        """Write a p-value: three digits, and never a bare zero."""
        if value < 0.001:
            return f"<{self._marked('0.001')}"
        return self._marked(f"{value:.3f}" if value < 0.1 else f"{value:.2f}")

    def of(self, value: float, unit: Unit) -> str:
        """Write a value in the unit of its statistic, without the unit's word."""
        writers: dict[Unit, Callable[[float], str]] = {
            "share": self.percent,
            "points": lambda share: self.decimal(share * 100, 1),
            "span": lambda width: self.decimal(width * 100, 1),
            "ratio": lambda ratio: self.decimal(ratio, 1 if ratio >= 9.95 else 2),
            "sd": self.shift,
            "gap": lambda gap: self.decimal(gap, 3),
            "auc": lambda area: self.decimal(area, 3),
            "count": self.whole,
            "plain": lambda number: self.decimal(number, 3 if abs(number) < 1 else 2),
        }
        text = writers[unit](value)
        return self._signed(value, text) if unit in _SIGNED else text

    def interval(self, estimate: Estimate, unit: Unit) -> str:
        """Write an interval's ends; an open end reads as an infinity sign, and where both are open there is nothing."""
        if estimate.low is None and estimate.high is None:
            return ""
        low = f"{MINUS}\u221e" if estimate.low is None else self.of(estimate.low, unit)
        high = "\u221e" if estimate.high is None else self.of(estimate.high, unit)
        return f"{low}{_NBSP}{'tot' if self.language == 'nl' else 'to'}{_NBSP}{high}"

    def exact_percent(self, share: float) -> str:
        """Write a share that people chose, without digits that they did not write: 95%, 2.5%."""
        text = f"{share * 100:.1f}".removesuffix(".0")
        return f"{self._marked(text)}%"

    def _signed(self, value: float, text: str) -> str:
        return f"+{text}" if value > 0 and text[0].isdigit() else text

    def _marked(self, english: str) -> str:
        text = english.replace("-", MINUS)
        return text.translate(str.maketrans(",.", ".,")) if self.language == "nl" else text
