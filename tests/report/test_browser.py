"""The page in a real browser: nothing complains, nothing sticks out, and everything can be reached."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--v=0",
)
#: Runs outside the page, which itself lets no script in: it measures the page in a frame of a phone's width.
HARNESS = """<!doctype html><meta charset="utf-8"><body>
<iframe id="page" width="WIDTH" height="800" srcdoc="SOURCE"></iframe><pre id="out"></pre>
<script>
document.getElementById("page").addEventListener("load", event => {
  const page = event.target.contentDocument, root = page.documentElement;
  const wide = [...page.querySelectorAll("body *")].filter(e => {
    const inside = e.closest(".scroll");
    return (!inside || inside === e) && !e.closest("svg") && e.getBoundingClientRect().right > root.clientWidth + 1
      && !e.matches(".skip");
  }).map(e => e.tagName + "." + e.className);
  const texts = [...page.querySelectorAll("svg")].flatMap(svg => {
    const box = svg.getBoundingClientRect();
    return [...svg.querySelectorAll("text")].filter(t => t.getBoundingClientRect().right > box.right + 2
      || t.getBoundingClientRect().left < box.left - 2).map(t => t.textContent);
  });
  const small = [...page.querySelectorAll("svg text")].map(t =>
    parseFloat(page.defaultView.getComputedStyle(t).fontSize) * t.getScreenCTM().a);
  document.getElementById("out").textContent = JSON.stringify({
    overflow: root.scrollWidth - root.clientWidth, wide, texts, smallest: Math.min(...small),
    styled: page.defaultView.getComputedStyle(page.body).maxWidth, pictures: page.querySelectorAll("svg").length});
});
</script>"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    if BROWSER is None:
        pytest.skip("no chromium on this machine: install the package chromium to look at the page in a browser")
    return subprocess.run(
        [BROWSER, *QUIET, f"--user-data-dir={folder / 'profile'}", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )


def measured(folder: Path, page: str, width: int) -> Mapping[str, object]:
    source = page.replace("&", "&amp;").replace('"', "&quot;")
    harness = folder / "harness.html"
    harness.write_text(HARNESS.replace("WIDTH", str(width)).replace("SOURCE", source), encoding="utf-8")
    dump = run(folder, "--dump-dom", "--virtual-time-budget=5000", harness.as_uri()).stdout
    text = dump.split('<pre id="out">')[1].split("</pre>")[0]
    found: dict[str, object] = json.loads(text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    return found


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1100])
def test_nothing_sticks_out_and_every_label_can_be_read(tmp_path: Path, pages: Mapping[str, str], width: int) -> None:
    found = measured(tmp_path, pages["report.nl.html"], width)
    assert found["pictures"] == pages["report.nl.html"].count("<svg")
    assert found["styled"] != "none"
    assert found["overflow"] == 0
    assert found["wide"] == []
    assert found["texts"] == []
    smallest = found["smallest"]
    assert isinstance(smallest, float)
    assert smallest >= 8


@pytest.mark.browser
def test_the_browser_has_nothing_to_complain_of(tmp_path: Path, pages: Mapping[str, str]) -> None:
    page = tmp_path / "report.html"
    page.write_text(pages["report.en.html"], encoding="utf-8")
    done = run(tmp_path, "--dump-dom", page.as_uri())
    assert "CONSOLE" not in done.stderr
    assert "</html>" in done.stdout


@pytest.mark.browser
def test_prints_every_finding_also_those_folded_away(tmp_path: Path, pages: Mapping[str, str]) -> None:
    pdftotext = shutil.which("pdftotext")
    if pdftotext is None:
        pytest.skip("no pdftotext on this machine: install the package poppler-utils to read the printed page")
    page, paper = tmp_path / "report.html", tmp_path / "report.pdf"
    page.write_text(pages["report.en.html"], encoding="utf-8")
    run(tmp_path, f"--print-to-pdf={paper}", page.as_uri())
    text = subprocess.run([pdftotext, "-layout", str(paper), "-"], capture_output=True, text=True, check=True).stdout
    assert "<details>" in pages["report.en.html"]
    assert "Share selected – investigated" in text
