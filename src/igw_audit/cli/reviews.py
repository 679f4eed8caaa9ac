"""Commands for people who answer for a model: dossier, preregister, review, report."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from igw_audit.cli.show import as_json, project_option, put_json, put_reasons

if TYPE_CHECKING:
    from igw_audit.workflow.registration import Preregistered
    from igw_audit.workflow.reviewing import ReviewForm
    from igw_audit.workflow.reviews import Reviewed

_folder = click.Path(path_type=Path, file_okay=False)
_key_option = click.option(
    "--key", type=click.Path(path_type=Path, dir_okay=False), help="Private key to sign with [$IGW_KEY_FILE]."
)
_STANDS = {
    "open": "The gate is open.",
    "refer": "The gate waits for people.",
    "shut": "The gate is shut.",
}


@click.command()
@click.argument("folder", type=_folder)
@click.option("--template", is_flag=True, help="Write a features.toml to fill in, with every feature of the plan.")
@as_json
def dossier(folder: Path, template: bool, json_wanted: bool) -> None:
    """Check the dossier in FOLDER (audits/PILOT): what is there, and what people still have to write."""
    from igw_audit.workflow import dossiers

    if template:
        click.echo(dossiers.features_template(folder), nl=False)
        return
    found = dossiers.check_dossier(folder)
    if json_wanted:
        put_json(found.to_dict())
        return
    click.echo(f"{found.pilot}: {found.features} features, {found.justified} with a justification.")
    for sentence in found.lacking:
        click.echo(f"  - {sentence}")
    if not found.lacking:
        click.echo("Nothing is lacking. What audits measure of each feature stands in their record.")


@click.command()
@click.argument("folder", type=_folder)
@click.option("--by", help="Who registers [the account that runs this].")
@_key_option
@project_option
@as_json
def preregister(folder: Path, by: str | None, key: Path | None, project: str, json_wanted: bool) -> None:
    """Register plan, policy and dossier of FOLDER (audits/PILOT) in the ledger, before there are results."""
    from igw_audit.evidence.keys import signing_key
    from igw_audit.workflow import registration

    done = registration.preregister(folder, project=project, by=by, key=signing_key(key))
    if json_wanted:
        put_json(done.to_dict())
    else:
        _put_registered(done)


def _put_registered(done: Preregistered) -> None:
    held = done.registration
    signed = f", signed with key {held.signed_by[:12]}" if held.signed_by else ", not signed"
    verb = "Registered" if done.new else "Nothing changed: this stands in the ledger already"
    click.echo(f"{verb}: registration {done.number} of pilot {done.pilot}, by {held.by}, {held.at[:10]}{signed}.")
    click.echo(f"  plan {held.plan_sha256[:12]}, policy {held.policy_sha256[:12]}, entry {held.entry[:12]}")
    if held.changed:
        click.echo("What changed since the registration before:")
        for text in held.changed:
            click.echo(f"  - {text.en}")
    if done.tightens:
        click.echo(
            f"It is stricter than {len(done.tightens)} earlier policy(s): what they approved must be audited again."
        )


@click.command()
@click.argument("uri")
@click.option("--template", is_flag=True, help="Write a file with every question to stdout, to be filled in.")
@click.option("--answers", type=click.Path(path_type=Path, dir_okay=False), help="The filled-in file (TOML or JSON).")
@click.option("--role", default="ethics", show_default=True, help="The role in which you review.")
@click.option("--language", type=click.Choice(["en", "nl"]), default="en", show_default=True, help="Of the questions.")
@_key_option
@project_option
@as_json
def review(uri: str, template: bool, answers: Path | None, json_wanted: bool, **options: Any) -> None:
    """Answer the reasons of a version's audit one by one, and sign: URI is models:/NAME/VERSION.

    \b
    igw-audit review models:/study/1 --template > answers.toml
    igw-audit review models:/study/1 --answers answers.toml --key me.pem
    igw-audit review models:/study/1 --key me.pem          asks in the terminal
    """
    from igw_audit.evidence.keys import signing_key
    from igw_audit.workflow import reviews
    from igw_audit.workflow.answers import answers_template

    project, role, language = options["project"], options["role"], options["language"]
    if template:
        form = reviews.open_form(uri, project=project)
        text = answers_template(uri, form.questions, measured=form.measured, role=role, language=language)
        click.echo(text, nl=False)
        return
    key = signing_key(options["key"])
    if key is None:
        raise click.UsageError("a review is signed; name your key with --key FILE or $IGW_KEY_FILE")
    given: Any = answers
    if answers is None:
        if not sys.stdin.isatty():
            raise click.UsageError("give --answers FILE, or run this in a terminal to be asked")
        given = _asked(reviews.open_form(uri, project=project), role=role, language=language)
    done = reviews.review(uri, given, key=key, project=project)
    if json_wanted:
        put_json(done.to_dict())
    else:
        _put_reviewed(done)


def _put_reviewed(done: Reviewed) -> None:
    told = done.review
    parts = f" in {done.parts} parts" if done.parts > 1 else ""
    click.echo(
        f"Signed{parts}: {told.by} ({told.role}) says {told.word} of {done.uri}, until {str(told.expires)[:10]}."
    )
    click.echo(_STANDS[done.standing.word])
    put_reasons(done.standing.reasons)
    click.echo(f"Read it: igw-audit report {done.uri} --out FOLDER")


def _asked(form: ReviewForm, *, role: str, language: str) -> dict[str, Any]:
    """Ask one question at a time; an empty answer is asked again."""
    from igw_audit.evidence.reasons import ANSWERED
    from igw_audit.workflow.answers import block_sentences, field_question, question_blocks

    lang: Any = "nl" if language == "nl" else "en"

    def ask(name: str) -> str:
        return str(click.prompt(f"  {field_question(name, lang)}\n  >", prompt_suffix=" ")).strip()

    def ask_more(name: str) -> str:
        return str(click.prompt(f"  {field_question(name, lang)}\n  >", default="", show_default=False)).strip()

    click.echo(form.measured.within(language))
    for reason in form.closed:
        click.echo(f"[{reason.word}] {reason.text.within(language)}")
    answers: list[dict[str, Any]] = []
    blocks = question_blocks(form.questions)
    for number, block in enumerate(blocks, 1):
        heading, *told = block_sentences(block, lang)
        click.echo(f"\n{number}/{len(blocks)} [{block[0].word}] {heading}")
        for said in told:
            click.echo(f"  - {said}")
        entry: dict[str, Any] = {"reasons": [one.id for one in block], **{name: ask(name) for name in ANSWERED}}
        if block[0].word == "refuse":
            entry["override"] = click.confirm(f"  {field_question('override', lang)}", default=False)
        answers.append(entry)
    click.echo("")
    word = click.prompt(field_question("word", lang), type=click.Choice(["approve", "reject", "abstain"]))
    conditions = ask_more("conditions")
    return {
        "role": role,
        "word": word,
        "language": language,
        "ethics": ask("ethics"),
        "dissent": ask_more("dissent"),
        "conditions": [conditions] if conditions else [],
        "answer": answers,
    }


@click.command()
@click.argument("target")
@click.option("--out", type=_folder, required=True, help="Folder for the record and the pages.")
@project_option
def report(target: str, out: Path, project: str) -> None:
    """Write the pages of TARGET again: of a version with the reviews on it, or of a folder that holds a record."""
    from igw_audit.workflow import reviews

    folder = reviews.write_pages(target, out=out, project=project)
    click.echo(f"Read it: {folder / 'report.en.html'} (English), {folder / 'report.nl.html'} (Dutch)")
