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
        ("We tested 14 young and healthy women.", [], ["14"]),
        ("We tested 14 men and women.", ["14"], ["14"]),
        ("We tested 14 healthy male and female mice.", ["14"], ["14"]),
        ("Thirty drivers, 21 of the 30 male", ["30", "21"], ["30", "21"]),
        ("Then 13 (65%) of the 20 pupils were girls and 7 boys.", ["20", "7"], ["13", "20"]),
        ("Then 13 out of 20 pupils were not girls.", ["13", "20"], ["13", "20"]),
        ("Nine came (45 % women).", ["9"], ["9"]),
        ("There were men, n = 12, and women n=8.", ["12"], ["8"]),
        ("The number of females = 23 and males = 12.", ["12"], ["23"]),
        ("The women and their husbands were male controls (n = 12).", ["12"], []),
        ("There were 8 women: all of them read.", [], ["8"]),
        ("We saw 8 men and n = 12 women.", ["8"], ["12"]),
    ],
)
def test_a_number_of_one_sex_is_none_of_the_other(text: str, men: list[str], women: list[str]) -> None:
    assert set(candidates(text, "n_male")) == set(men)
    assert set(candidates(text, "n_women")) == set(women)


@pytest.mark.parametrize(
    "text",
    [
        "We tested 14 male or female mice.",
        "We tested 14 boys/girls.",
        "We tested 14 boys (or girls).",
        "We tested 14 male–female dyads.",
        "We tested 14 right-handed young healthy native male and/or female speakers.",
        "We tested 14 men, women and children.",
        "We tested 14 men & women.",
        "We tested 14 men\nand women.",
        "We tested 14 male to female transgender people.",
        "We tested 14 women's teams and girls’ schools.",
        "Men and women (n = 14)",
        "Men and age-matched healthy women (n = 14 each)",
        "Boys, men and old women (n = 14)",
        "Men/women: 14",
        "Women : men = 14",
        "Men vs. women: 14",
    ],
)
def test_where_both_or_something_else_is_counted_nothing_is_excluded(text: str) -> None:
    assert "14" in candidates(text, "n_male")
    assert "14" in candidates(text, "n_women")


@pytest.mark.parametrize(
    "text",
    [
        "Male 12 Female 8",
        "Men: 12 Women: 8",
        "Male 12 (60%) Female 8 (40%)",
        "Males, n (%) 12 (60%) Females, n (%) 8 (40%)",
        "Male sex 12 Female sex 8",
        "Males: 12 and females: 8",
        "men n = 12 women n = 8",
        "Male - 12 Female - 8",
    ],
)
def test_what_says_of_whom_the_next_number_is_belongs_to_no_other(text: str) -> None:
    assert "12" in candidates(text, "n_male")
    assert "8" in candidates(text, "n_women")


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


def test_the_control_arm_of_a_trial_may_be_of_patients() -> None:
    text = "Treatment (n = 22), control (n = 20), control group: 19, 18 control subjects, 17 controls, 16 healthy men."
    assert candidates(text, "n_patients") == ["22", "20", "19"]
    assert candidates(text, "n_patients", "Patients of this arm.") == ["22", "20", "19", "18", "17"]
    assert candidates(text, "n_patients_per_group") == ["22", "20", "19", "18", "17"]
    assert candidates("We saw 20 patient-control pairs.", "n_healthy") == ["20"]
    assert candidates("We saw 20 cases and their healthy siblings, 9 smokers and non-smokers.", "n_patients") == [
        "20",
        "9",
    ]


def test_patients_that_are_described_as_people() -> None:
    assert candidates("30 healthy adults", "n_patients", "Number of people enrolled.") == ["30"]
    assert candidates("30 healthy adults", "n_patients", "How many patients (people with a disease) there were.") == []


def test_both_asked_for_keep_both() -> None:
    text = "We saw 20 patients and 18 controls, 9 boys and 6 girls."
    assert candidates(text, "n", "Number of people.", ("patients", "controls")) == ["20", "18", "9", "6"]
    assert candidates(text, "n_sex", "Number of males or females.", ("male", "female")) == ["20", "18", "9", "6"]


def test_negations_and_sides() -> None:
    text = "There were 12 non-smokers, 8 smokers, 15 left-handed and 5 right-handed pupils."
    assert candidates(text, "n_smokers") == ["8", "15", "5"]
    assert candidates(text, "n_nonsmokers") == ["12", "15", "5"]
    assert candidates(text, "n_left_handed") == ["12", "8", "15"]


@pytest.mark.parametrize(
    "text", ["12 non-smokers", "12 Nonsmokers", "12 non smokers", "Non-smokers: 12", "12 never smokers"]
)
def test_a_negation_may_be_written_apart(text: str) -> None:
    names = ("n_nonsmokers", "n_non_smokers", "n_nonsmoker", "n_never_smokers", "n_not_smokers")
    assert all(candidates(text, name) == ["12"] for name in names)
    assert candidates(text, "n_ns", "Number of those.", ("non smokers",)) == ["12"]
    assert candidates(text, "n_smokers") == candidates(text, "n_smoker") == (["12"] if "never" in text else [])


def test_both_of_a_negation_are_told_apart() -> None:
    text = "12 exposed and 8 unexposed workers, 5 treated/untreated"
    assert candidates(text, "n_exposed") == ["12", "5"]
    assert candidates(text, "n_unexposed") == candidates(text, "n_un_exposed") == ["8", "5"]
    assert candidates(text, "n_not_exposed") == ["12", "8", "5"]
    assert candidates(text, "n_untreated") == ["12", "8", "5"]
    assert candidates("20 right- or left-handed pupils", "n_left_handed") == ["20"]
    assert candidates("12 units, 8 undergraduates, 5 unions", "n_graduates") == ["12", "8", "5"]


def test_a_share_is_of_one_sex_too() -> None:
    assert candidates("55 % females", "percent_male", unit="%") == []
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
