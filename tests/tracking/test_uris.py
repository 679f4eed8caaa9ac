"""Model addresses: what each form means, and what is said of one that means nothing."""

from __future__ import annotations

import pytest

from igw_audit.errors import TrackingError
from igw_audit.tracking.registry import RegisteredVersion
from igw_audit.tracking.store import Store
from igw_audit.tracking.uris import is_model_uri, locate, parse_uri


def test_the_four_forms_find_the_same_files(audited: tuple[Store, RegisteredVersion]) -> None:
    store, version = audited
    store.client.set_registered_model_alias("study", "tried", "1")
    model_id = store.client.get_model_version("study", "1").tags["igw.model.id"]
    forms = ["models:/study/1", "models:/study@tried", f"models:/{model_id}", f"runs:/{version.run_id}/model"]
    places = [locate(store, form) for form in forms]
    assert len({place.artifact_uri for place in places}) == 1
    assert {place.run_id for place in places} == {version.run_id}
    assert [(place.name, place.version) for place in places] == [("study", "1")] * 2 + [(None, None)] * 2
    assert [place.uri for place in places[:2]] == ["models:/study/1"] * 2


@pytest.mark.parametrize(
    "text",
    ["", "study", "models:/", "models:study/1", "models:///", "file:/x", "runs:/short/model", "models:/a/b/c"],
)
def test_what_is_no_address_is_told_the_forms(text: str) -> None:
    with pytest.raises(TrackingError, match=r"models:/<name>/<version>|about one version"):
        parse_uri(text)


@pytest.mark.parametrize(
    "text", ["models:/study", "models:/study/latest", "models:/study/Production", "models:/study/0"]
)
def test_an_address_without_a_version_number_is_refused(text: str) -> None:
    with pytest.raises(TrackingError, match="about one version, so give its number or an alias"):
        parse_uri(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("models:/studie/1", "no model named 'studie' is registered; registered models: study"),
        ("models:/study/9", "model 'study' has no version 9; its versions: 1"),
        ("models:/study@champion", "model 'study' has no alias 'champion'; its aliases: tried"),
        ("models:/m-0123456789abcdef", "no logged model m-0123456789abcdef"),
        (f"runs:/{'0' * 32}/model", f"no run {'0' * 32}"),
    ],
)
def test_what_is_unknown_is_told_what_there_is(audited: tuple[Store, RegisteredVersion], text: str, says: str) -> None:
    store, _ = audited
    store.client.set_registered_model_alias("study", "tried", "1")
    with pytest.raises(TrackingError, match=says):
        locate(store, text)


def test_a_run_without_that_model_is_told_its_models(audited: tuple[Store, RegisteredVersion]) -> None:
    store, version = audited
    with pytest.raises(TrackingError, match="has no model 'other'; its models: model"):
        locate(store, f"runs:/{version.run_id}/other")


def test_an_empty_registry_says_so(store: Store) -> None:
    with pytest.raises(TrackingError, match="registered models: none yet"):
        locate(store, "models:/study/1")


def test_a_name_with_a_quote_is_looked_up_as_it_is(store: Store) -> None:
    store.client.create_registered_model("d'Eau")
    with pytest.raises(TrackingError, match="has no version 1; its versions: none yet"):
        locate(store, "models:/d'Eau/1")


def test_a_path_is_no_model_address() -> None:
    assert [is_model_uri(text) for text in ("models:/study/1", "runs:/x/y", "out/model", "./models")] == [
        True,
        True,
        False,
        False,
    ]
