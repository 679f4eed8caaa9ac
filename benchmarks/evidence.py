"""How long it takes to verify a bundle, to tell where a version stands, and to append to the ledger.

    python benchmarks/evidence.py [--postgres postgresql://...]

Prints one line a measurement, in milliseconds: CPU time of one run (what a busy machine changes least), and wall time.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.evidence.bundles import make_bundle, write_bundle
from tests.evidence.world import NOW, World, new_world

from igw_audit.evidence.keys import SigningKey
from igw_audit.evidence.ledger import open_ledger
from igw_audit.evidence.standing import standing
from igw_audit.evidence.strict import moment
from igw_audit.evidence.trust import TrustedKeys


def main() -> None:
    """Measure everything, one line each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--postgres", help="address of an empty database, to measure the ledger there too")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        world = new_world()
        verifying(Path(folder), world)
        standing_of_twenty_reviews(world)
        appending(f"sqlite:///{folder}/ledger.db", "SQLite")
        if chosen.postgres:
            appending(chosen.postgres, "PostgreSQL")


def verifying(folder: Path, world: World) -> None:
    """Start the command line anew each time, as CI and people do."""
    bundle = write_bundle(make_bundle(world, folder / "model"), folder / "bundle")
    keys = _for_years(world.keys).save(folder / "project" / "audits" / "trusted_keys.toml")
    command = [sys.executable, "-m", "igw_audit", "verify", str(bundle), "--project", str(folder / "project")]
    environment = {**os.environ, "IGW_TRUSTED_KEYS": str(keys)}

    def run() -> None:
        # whatever it says of dates: the work is the same
        subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False)

    run()
    told("igw-audit verify DIR, a process each", timed(run, 20))


def standing_of_twenty_reviews(world: World) -> None:
    """Tell where a version stands that twenty reviews were written of."""
    world.tags.clear()
    audit = world.audit("refer")
    for hours in range(1, 21):
        world.review(audit, moment=NOW - timedelta(hours=hours))

    def run() -> None:
        found = standing(
            world.tags, name="study", version="3", created=audit.version_created, keys=world.keys,
            at=moment(audit.signed_at) + timedelta(days=1),
        )  # fmt: skip
        assert found.word == "open"

    told("standing of a version with 20 reviews", timed(run, 50))


def appending(address: str, kind: str) -> None:
    """Append a thousand signed entries, and verify them all."""
    key = SigningKey(Ed25519PrivateKey.generate())
    ledger = open_ledger(address)
    told(f"ledger append, {kind}", timed(lambda: ledger.append("scored", {"version": "1"}, key=key), 1000))
    keys = TrustedKeys().trust(key.public, holder="ci", roles=("auditor",), at=datetime.now(UTC) - timedelta(days=1))
    told(f"ledger verify of 1,000 signed entries, {kind}", timed(lambda: ledger.verify(keys), 5))
    assert ledger.verify(keys) == ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Seconds of each run, and CPU seconds of one run on average, processes that it started included."""

    wall: tuple[float, ...]
    cpu: float


def timed(run: Callable[[], object], times: int) -> Times:
    """Run something again and again."""
    found = []
    before = _cpu()
    for _ in range(times):
        begun = time.perf_counter()
        run()
        found.append(time.perf_counter() - begun)
    return Times(wall=tuple(found), cpu=(_cpu() - before) / times)


def _cpu() -> float:
    return sum(
        used.ru_utime + used.ru_stime
        for used in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )


def told(what: str, times: Times) -> None:
    """Print one line."""
    middle, slowest = 1000 * statistics.median(times.wall), 1000 * max(times.wall)
    runs = f"{len(times.wall)} runs"
    print(f"{what}: CPU {1000 * times.cpu:.1f} ms; wall median {middle:.1f}, slowest {slowest:.1f}, {runs}")


def _for_years(keys: TrustedKeys) -> TrustedKeys:
    held = tuple(one.model_copy(update={"expires": datetime(2100, 1, 1, tzinfo=UTC)}) for one in keys.key)
    return TrustedKeys(key=held)


if __name__ == "__main__":
    main()
