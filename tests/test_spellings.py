"""What people call the parts of a company, against the names that a fact sheet gives them."""

from __future__ import annotations

import pytest

from pipeline.grounding.spellings import parts, short, whole

SEGMENTS = [
    "Bottling Investments",
    "Control Products & Solutions",
    "Core performance",
    "Data Center and AI",
    "Europe, Middle East and Africa",
    "Information Solutions and Connected Services",
    "Latin America",
    "Other International",
    "Total segments",
]


def known(phrase: str) -> str | None:
    return dict(parts(SEGMENTS)).get(phrase)


@pytest.mark.parametrize(
    ("phrase", "segment"),
    [
        ("bottling", "Bottling Investments"),
        ("control products", "Control Products & Solutions"),
        ("cp s", "Control Products & Solutions"),  # CP&S
        ("is cs", "Information Solutions and Connected Services"),  # IS/CS
        ("latam", "Latin America"),
        ("emea", "Europe, Middle East and Africa"),
        ("rest of the world", "Other International"),
        ("segment", "Total segments"),
    ],
)
def test_part_of_a_name_tells_which_segment_is_meant(phrase: str, segment: str) -> None:
    assert known(phrase) == segment


@pytest.mark.parametrize("phrase", ["solutions", "and", "total", "other", "international"])
def test_words_of_two_names_and_words_that_tell_nothing_name_no_segment(phrase: str) -> None:
    assert known(phrase) != "Control Products & Solutions"
    assert phrase == "international" or known(phrase) is None


def test_a_word_of_two_names_means_the_one_that_starts_with_it() -> None:
    found = dict(parts(["Las Vegas Strip Resorts", "Downtown Las Vegas"]))
    assert found["las vegas"] == "Las Vegas Strip Resorts"


def test_a_name_is_spelled_by_its_initials_and_without_the_company() -> None:
    assert {"Intel Foundry Services", "Foundry Services", "IFS"} <= set(whole("Intel Foundry Services", "Intel Corporation"))
    assert {"Sales and marketing", "marketing and Sales"} <= set(whole("Sales and marketing", "Acme"))


def test_one_word_that_is_left_of_a_name() -> None:
    assert list(short("Data cloud")) == ["Data"]
    assert list(short("U.S.")) == ["US"]


def test_a_phrase_that_starts_two_names_means_neither() -> None:
    assert "client" not in dict(parts(["Client Computing", "Client Services"]))
