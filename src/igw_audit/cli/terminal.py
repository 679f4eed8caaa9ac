"""What the command line writes passes here: names and texts of others are shown and never obeyed by a terminal."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from igw_audit.core.foreign import visible


class Shown(io.TextIOBase):
    """A stream that spells out controls; ``raw`` is the stream behind it, for our own colours and progress."""

    def __init__(self, raw: TextIO) -> None:
        self.raw = raw

    # click asks for both, and goes to the bytes below a stream that has neither
    encoding = property(lambda self: getattr(self.raw, "encoding", None))
    errors = property(lambda self: getattr(self.raw, "errors", None))

    def write(self, text: str) -> int:
        """Write a text without its controls; line breaks and tabs stay."""
        self.raw.write(visible(text))
        return len(text)

    def writable(self) -> bool:
        """Tell that it can be written."""
        return True

    def flush(self) -> None:
        """Let the stream behind it write what it holds."""
        self.raw.flush()

    def isatty(self) -> bool:
        """Tell whether people look at it."""
        return self.raw.isatty()

    def fileno(self) -> int:
        """Return the number of the file behind it."""
        return self.raw.fileno()


@contextmanager
def shown_streams() -> Iterator[None]:
    """Let everything that is written to stdout and stderr pass ``Shown``, click's own messages too."""
    held = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (one if isinstance(one, Shown) else Shown(one) for one in held)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = held


def console(*, stderr: bool = False, width: int | None = None) -> Any:
    """Return a rich console on the stream behind; whoever prints names or texts of others passes them ``plain``."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(file=getattr(stream, "raw", stream), width=width)


def plain(text: str) -> Any:
    """Return a text for a rich console that is taken as it is: no markup, no control, one line."""
    from rich.text import Text

    return Text(visible(text, one_line=True))
