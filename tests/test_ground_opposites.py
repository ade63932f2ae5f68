"""Of two opposites, what counts one is no number of the other: girls and boys, patients and the healthy."""

from __future__ import annotations

import pytest

from dsx.ground.candidates import number_candidates
from dsx.ground.numbers import numbers_in
from dsx.ground.support import judge
from dsx.types import Parameter, Passage, Shown, Status

INTEGER = {"type": "integer"}


def candidates(
    text: str, name: str, description: str = "", synonyms: tuple[str, ...] = (), unit: str = ""
) -> list[str]:
    """Numbers of a text that may be the parameter's value, as they are written."""
    parameter = Parameter(name, INTEGER, description, unit=unit or None, synonyms=synonyms)
    shown = Shown(text, (Passage(0, len(text)),), whole=True)
    return [candidate.text for candidate in number_candidates(numbers_in(text), parameter, shown, lambda value: True)]


@pytest.mark.parametrize(
    ("text", "men", "women"),
    [
        ("Twelve joined (7 men, 5 women).", ["12", "7"], ["12", "5"]),
        ("9 girls and 1 boy took part.", ["1"], ["9"]),
        ("Ten subjects (8 female) read aloud.", ["10"], ["10", "8"]),
        ("All read, and 13 were male.", ["13"], []),
        ("Of these, 13 (65%) of whom were female, none left.", [], ["13"]),
        ("Men: 7, women = 5.", ["7"], ["5"]),
        ("Adult males (n = 6) and females (N=4)", ["6"], ["4"]),
        ("We tested 14 healthy, right-handed women.", [], ["14"]),
        ("We tested 14 men and women.", ["14"], ["14"]),
        ("We tested 14 healthy male and female mice.", ["14"], ["14"]),
        ("Thirty drivers, 21 of the 30 male", ["30", "21"], ["30", "21"]),
    ],
)
def test_a_number_of_one_sex_is_none_of_the_other(text: str, men: list[str], women: list[str]) -> None:
    assert set(candidates(text, "n_male")) == set(men)
    assert set(candidates(text, "n_women")) == set(women)


@pytest.mark.parametrize(
    ("name", "description", "expected"),
    [
        ("n_patients", "", ["20", "25"]),
        ("n_patients", "How many patients or other participants there were.", ["20", "18", "31", "25"]),
        ("n_healthy", "", ["18", "31", "25"]),
        ("n_control", "Size of the control group.", ["20", "18", "31", "25"]),
        ("n_participants", "", ["20", "18", "31", "25"]),
    ],
)
def test_healthy_people_are_no_patients(name: str, description: str, expected: list[str]) -> None:
    text = "We saw 20 patients, 18 controls, 31 young healthy adults and 25 otherwise healthy patients."
    assert candidates(text, name, description) == expected


def test_both_asked_for_keep_both() -> None:
    text = "We saw 20 patients and 18 controls, 9 boys and 6 girls."
    assert candidates(text, "n", "Number of people.", ("patients", "controls")) == ["20", "18", "9", "6"]
    assert candidates(text, "n_sex", "Number of males or females.", ("male", "female")) == ["20", "18", "9", "6"]


def test_negations_and_sides() -> None:
    text = "There were 12 non-smokers, 8 smokers, 15 left-handed and 5 right-handed pupils."
    assert candidates(text, "n_smokers") == ["8", "15", "5"]
    assert candidates(text, "n_nonsmokers") == ["12", "15", "5"]
    assert candidates(text, "n_left_handed") == ["12", "8", "15"]


def test_a_share_is_of_one_sex_too() -> None:
    text = "Of the pupils 45% were male and 55% female."
    assert [each.split("%")[0].strip() for each in candidates(text, "percent_female", unit="%")] == ["55"]


def test_what_is_no_count_is_left_alone() -> None:
    assert candidates("Left targets stood at 30 right of 20 men.", "left_angle", "Angle of the left target.") == [
        "30",
        "20",
    ]


def test_a_written_number_of_the_other_sex_is_unsupported() -> None:
    assert judge(9, None, "9 girls took part", Parameter("n_boys", INTEGER)).status is Status.UNSUPPORTED
    assert judge(9, None, "9 girls took part", Parameter("n_girls", INTEGER)).status is Status.STATED
