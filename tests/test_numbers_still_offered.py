"""ground/candidates.py: true values that rules on things, money, ranges and labels must not take away."""

from __future__ import annotations

import pytest

from dsx.ground.candidates import number_candidates
from dsx.ground.numbers import numbers_in
from dsx.ground.support import support
from dsx.types import Json, Parameter, Passage, Shown, Status

COUNTS: list[tuple[str, str, str, list[int]]] = [
    ("n_per_group", "Number per group", "Each group comprised 12 students.", [12]),
    ("n_group_a", "", "Group A had 24 nurses.", [24]),
    ("n_patients", "", "We saw 40 MS patients and 20 controls.", [40]),
    ("n_participants", "", "We saw 40 MS\npatients and 30 ML women.", [40, 30]),
    ("n_experiment_1", "", "In Experiment 1, 24 students took part.", [24]),
    ("n_intervention_school", "", "In the intervention school 310 pupils were taught.", [310]),
    ("n_visit_2", "", "At visit 2, 88 patients came.", [88]),
    ("sample_size", "Number of study participants", "We enrolled 240 patients in 3 visits.", [240]),
    ("total", "Number enrolled in the study", "We enrolled 240 patients.", [240]),
    ("n_trial_completers", "", "In all 45 patients completed the trial.", [45]),
    ("n_hospital_staff", "", "There were 300 nurses at the hospital.", [300]),
    ("n_target_species", "Number of target species", "Nets caught 12 fish species.", [12]),
    ("n_treatments_per_patient", "", "Each patient had 12 sessions of massage.", [12]),
    ("n_treatments", "Number of treatments a patient had", "There were 10 sessions.", [10]),
    ("n_patient_encounters", "", "They recorded 120 visits.", [120]),
    ("n_times", "Number of times patients came", "They came for 5 visits.", [5]),
    ("n_responses", "How many questionnaires were returned", "In total 240 nurses returned it.", [240]),
    ("n_groups", "", "The three fish groups had 12 rats.", [3]),
    ("n_trials", "", "Two sheep trials were run.", [2]),
    ("n_visits", "", "There were 40 patients' visits.", [40]),
    ("n_rat", "", "12 rats had 40 trials.", [12]),
    ("rat_count", "Number caught", "12 rats had 40 trials.", [12]),
    ("n_subjects", "", "45 AUD patients and 40 controls", [45, 40]),
    ("n_persons", "", "503 EUR individuals paid 30 EUR and 20 EUR per visit.", [503]),
    ("n_steps", "", "$5, 10, 20$ steps", [5, 10, 20]),
    ("n_women", "", "a cohort study (1850 women)", [1850]),
    ("n_trials", "", "each experiment (1800 trials), the experiment (2011) and the study (2009–2011)", [1800]),
    ("n_events", "", "analysed 120 million pp collisions", [120_000_000]),
    ("n_pages", "", "a book of 350 pp", [350]),
]
AMOUNTS: list[tuple[str, str, str, list[float]]] = [
    ("salinity", "g/kg", "At a salinity of 35 reared larvae survived.", [35]),
    ("dose", "mg/kg", "A dose of 50 protected infected mice.", [50]),
    ("age", "years", "those over 65 hospitalized patients, a total of 24 healthy adults", [65]),
    ("frequency", "Hz", "from 0.1 to 2 × 10^3 Hz and 0.01–1 × 10³ Hz", [0.1, 2000, 0.01, 1000]),
    ("frequency", "Hz", "0.5–1 × 10³ Hz and 1 to 5 × 10⁴ Hz", [500, 1000, 10_000, 50_000]),
    ("cost", "US dollars", "It cost $200 or US$ 300.", [200, 300]),
    ("cost", "million USD", "It cost 3 million USD.", [3_000_000]),
    ("cost", "2010 USD", "It cost $200.", [200]),
    ("cost", "yuan", "It cost ¥200.", [200]),
    ("cost", "HKD", "It cost HK$200.", [200]),
    ("cost", "NZD", "It cost NZ$200.", [200]),
    ("cost", "BRL", "It cost R$ 200.", [200]),
    ("cost", "TWD", "It cost NT$200.", [200]),
    ("cost", "pounds", "It cost £200.", [200]),
    ("mass", "mg", "It cost £200.", []),
    ("dose", "mg/L", "5 mg/L · 10 min and 3 mg/L·min", [5]),
    ("budget", "k€", "€200", [200]),
    ("speed", "m/s", "$5 m s^{-1}$", [5]),
    ("budget", "USD", "$5 m, then $3 m", [5_000_000, 3_000_000]),
    ("density", "1/mL", "a low density (1000/mL), (10^9/L)", [1000]),
    ("cd4", "cells/µL", "counts fell (100/µL); platelets (103/µL)", [100]),
]


def offered(text: str, parameter: Parameter) -> list[Json]:
    shown = Shown(text, (Passage(0, len(text)),), True)
    found = number_candidates(numbers_in(text), parameter, shown, lambda value: True)
    return list(dict.fromkeys(each.value for each in found))


@pytest.mark.parametrize(("name", "description", "text", "expected"), COUNTS)
def test_counts_stay_candidates(name: str, description: str, text: str, expected: list[int]) -> None:
    assert offered(text, Parameter(name, {"type": "integer"}, description=description)) == expected


@pytest.mark.parametrize(("name", "unit", "text", "expected"), AMOUNTS)
def test_amounts_stay_candidates(name: str, unit: str, text: str, expected: list[float]) -> None:
    assert offered(text, Parameter(name, {"type": "number"}, unit=unit)) == pytest.approx(expected)


@pytest.mark.parametrize(("value", "expected"), [(10, Status.STATED), (30, Status.DERIVED), (3, Status.UNSUPPORTED)])
def test_what_is_of_another_kind_is_counted_with(value: int, expected: Status) -> None:
    """The three groups are no rats, but ten rats in each of three groups are thirty."""
    quote = "ten rats per group (three groups)"
    assert support(value, None, quote, Parameter("n_rats", {"type": "integer"})) == expected


@pytest.mark.parametrize(
    ("text", "ages", "shares"),
    [
        ("(mean age 45, 52% female)", [45], [52]),
        ("Median age was 61; 45% were male.", [61], [45]),
        ("Mean age was 27, 40% smokers.", [27], [40]),
        ("In the groups 10, 20, 30% were male.", [], [10, 20, 30]),
        ("of ages 12, 15% and more", [], [12, 15]),
    ],
)
def test_a_share_of_people_after_a_number_leaves_it_without_percent(
    text: str, ages: list[float], shares: list[float]
) -> None:
    assert offered(text, Parameter("age_mean", {"type": "number"}, unit="years")) == ages
    assert offered(text, Parameter("share", {"type": "number"}, unit="%"))[-len(shares) :] == shares
