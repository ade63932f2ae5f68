"""recover/: from malformed text to answers, never to wrong ones."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from dsx.errors import DecodeError
from dsx.plugins.builtin.repairs import register_repairs
from dsx.recipe import DEFAULT_REPAIRS
from dsx.recover import confidence_factor, recover, recover_records
from dsx.types import Answer, Choice, Completion, Json, Parameter, Question, Repair, Shown

COUNT = Parameter("n_total", {"type": "integer"})
TEXT = Parameter("posture", {"type": "string"})
LIST = Parameter("conditions", {"type": "array", "items": {"type": "string"}})
AGE = Parameter("age", {"type": "number"}, unit="year")
SHOWN = "Sixteen volunteers took part. They were seated."


def validates(parameter: Parameter, value: Json) -> bool:
    return jsonschema.Draft202012Validator(parameter.schema).is_valid(value)


def chain(names: tuple[str, ...] = DEFAULT_REPAIRS) -> list[tuple[str, Repair]]:
    repairs = register_repairs()
    return [(name, repairs[name]) for name in names]


def question(*parameters: Parameter, shown: str = SHOWN) -> Question:
    return Question("key", "", Shown(shown, (), True), "", "parameters", parameters)


def answers(text: str, *parameters: Parameter, constrained: bool = False) -> list[Answer]:
    return recover(Completion("key", text, constrained), question(*parameters), chain(), validates)


def test_the_default_chain_is_all_that_is_registered() -> None:
    assert set(DEFAULT_REPAIRS) == set(register_repairs())


def test_a_constrained_answer_is_read_as_it_is() -> None:
    [answer] = answers('{"value":16,"quote":"Sixteen volunteers"}', COUNT, constrained=True)
    assert answer == Answer("n_total", 16, quote="Sixteen volunteers")
    assert answers("null", COUNT, constrained=True) == [Answer("n_total", None)]
    both = answers('{"n_total":null,"age":{"value":20.5,"unit":"years","quote":"q"}}', COUNT, AGE, constrained=True)
    assert both == [Answer("n_total", None), Answer("age", 20.5, "years", "q")]


ONE = [
    ('Sure!\n```json\n{"value": 16, "quote": "Sixteen"}\n```\nI hope {this} helps.', ("find-json",)),
    ('{"value": 16, "quote": "Sixteen",}', ("trailing-commas",)),
    ("{'value': 16, 'quote': 'Sixteen'}", ("quotes",)),
    ("{“value”: 16, “quote”: “Sixteen”}", ("quotes",)),
    ('{\\"value\\": 16, \\"quote\\": \\"Sixteen\\"}', ("find-json",)),
    ("{value: 16, quote: Sixteen}", ("quotes",)),
    ('{"value": 16, "quote": "Sixteen}', ("quotes",)),
    ('{"value: 16, "quote": "Sixteen"}', ("quotes",)),
    ('{"value": 16, "quote": "\nSixteen"}', ("line-breaks",)),
    ('{"value": 16, // counted\n "quote": "Sixteen"}', ("comments",)),
    ('{{"value": 16, "quote": "Sixteen"}}', ("doubled-braces",)),
    ('{"value": +16, "quote": "Sixteen"}', ("numbers",)),
    ('{"value": 16 "unit": null "quote": "Sixteen"}', ("json-repair",)),
    ('<think>{"value": 3}</think>{"value": 16, "quote": "Sixteen"}', ("find-json",)),
    ('{"value": "16", "quote": "Sixteen"}', ("quoted-number",)),
    ('{"n_total": 16}', ()),
    ('{"n_total": {"value": 16, "quote": "Sixteen"}}', ()),
    ('{"value": 16, "quote": "Sixteen"', ("unfinished",)),
    ('{"value": 16,, "quote": "Sixteen"}', ("trailing-commas",)),
    ('{"value": 16, "quote": "Sixteen”}', ("quotes",)),
    ('{"answer": {"n_total": 16}}', ()),
    ('{"value": 16, "quote": "Sixteen"}}}', ("find-json",)),
    ('"{\\"value\\": 16, \\"quote\\": \\"Sixteen\\"}"', ("find-json",)),
    ('{"Value": 16, "QUOTE": "Sixteen"}', ("key-case",)),
    ('{"N total": 16}', ("key-case",)),
    ('{"answer": {"value": 16, "quote": "Sixteen"}}', ()),
    ('{"value": 16; "quote": "Sixteen";}', ("separators",)),
    ('{"value": 16 ... "quote": "Sixteen"; …}', ("separators",)),
    ("{'quote': 'Sixteen', ..., 'value': 16}", ("separators", "quotes")),
    ("{value: 16; quote: Sixteen}", ("separators", "quotes")),
]


@pytest.mark.parametrize(("text", "repairs"), ONE)
def test_what_each_repair_mends(text: str, repairs: tuple[str, ...]) -> None:
    [answer] = answers(text, COUNT)
    assert (answer.value, answer.repairs, answer.error) == (16, repairs, None)
    assert answer.quote is None or answer.quote.strip() == "Sixteen"


NUMBERS = Parameter("loads", {"type": "array", "items": {"type": "number"}}, unit="kg")
BLIND = Parameter("blind", {"type": "boolean"})
DESIGN = Parameter("design", {"enum": ["within", "between"]}, choices=(Choice("within"), Choice("between")))


@pytest.mark.parametrize(
    ("parameter", "value", "expected", "repairs"),
    [
        (COUNT, '"16.0"', 16, ("quoted-number",)),
        (COUNT, '"1,024"', 1024, ("quoted-number",)),
        (COUNT, "[16]", 16, ("one-item",)),
        (COUNT, '""', None, ("not-reported",)),
        (COUNT, '"-"', None, ("not-reported",)),
        (DESIGN, '"within."', "within", ("choice-case",)),
        (DESIGN, "\"'Within'\"", "within", ("choice-case",)),
        (DESIGN, '["within"]', "within", ("one-item",)),
        (DESIGN, '"Not reported"', None, ("not-reported",)),
        (BLIND, '"Yes"', True, ("quoted-boolean",)),
        (BLIND, '"false"', False, ("quoted-boolean",)),
        (NUMBERS, '["1", "2.5"]', [1, 2.5], ("quoted-number",)),
    ],
)
def test_values_of_one_reading(parameter: Parameter, value: str, expected: Json, repairs: tuple[str, ...]) -> None:
    [answer] = answers(f'{{"value": {value}, "quote": ""}}', parameter)
    assert (answer.value, type(answer.value), answer.repairs) == (expected, type(expected), repairs)
    assert answer.error is None


@pytest.mark.parametrize(
    ("parameter", "value"),
    [(COUNT, '"1,02"'), (COUNT, "[16, 17]"), (TEXT, '["so"]'), (DESIGN, '"within-subjects"'), (DESIGN, '"both"')],
)
def test_values_of_two_readings_are_refused(parameter: Parameter, value: str) -> None:
    assert answers(f'{{"value": {value}, "quote": "q"}}', parameter)[0].error


def test_null_in_a_fence_and_quotes_written_for_html() -> None:
    assert answers("```json\nnull\n```", COUNT) == [Answer("n_total", None, repairs=("find-json",))]
    assert answers("{&quot;value&quot;: 16, &quot;quote&quot;: &quot;q&quot;}", COUNT)[0].value == 16


REFUSED = [
    ('{"value": 12', "cut inside the number"),
    ('{"value": 12, "quote": "Twel', "cut inside the quote"),
    ('{"quote": "8 cm", "value": 8', "cut before the unit"),
    ('{"quote": "8 cm", "value": 8, ', "cut before the unit"),
    ('{"value": 1, "value": 2, "quote": "q"}', "stands twice"),
    ("{'value': 1, 'value': 2}", "stands twice"),
    ('{"value": 1, "quote": "a"} or {"value": 2, "quote": "b"}', "answer differently"),
    ('[{"value": 1, "quote": "a"}, {"value": 2, "quote": "b"}]', "2 objects"),
    ("16", "no object"),
    ("I do not know.", "there is no JSON in the text"),
    ("", "the text is empty"),
    ('{"value": NaN, "quote": "q"}', "no number"),
    ('{"value": 1e999, "quote": "q"}', ""),
    ('{"value": "sixteen", "quote": "q"}', "does not fit"),
    ("[" * 5000, ""),
    ('{"value": 012, "quote": "q"}', "does not fit"),
    ('{"value": "012", "quote": "q"}', "does not fit"),
    ('{"value": 16 or 17, "quote": "q"}', "does not fit"),
    ('{"value": 20-24, "quote": "q"}', "does not fit"),
    ('{"value": 16, "units": "ms", "quote": "q"}', "none of value, unit and quote"),
    ('{"value": 16, // was "value": 17\n "quote": "q"}', "not JSON"),
    ('[{"n_total": 12}, {"n_total": 13', "a list that was cut off"),
    ('[{"n_total": 12}, ', "a list that was cut off"),
    ('Say {"n_total": 1}. Answer: {"n_total": 16, "quo', "not JSON"),
    ('<think>The text has {"n_total": 1}? Let me see', "before the thought does"),
    ('{"n_total": ' + "9" * 5000 + "}", "is too large"),
    ('{"n_total": "' + "9" * 5000 + '"}', "does not fit"),
    ("{'n_total': [" + "9" * 5000 + " 1]}", ""),
    ('{"value": 16, "quote": "\\ud83d"}', "half a character"),
    ('{"value": 1e-400, "quote": "q"}', "too small"),
    ('{"n_total": {"value": 16, "quote": "N_{total} = 16, of x_{1}', "not JSON"),
    ("{" * 20_000, "too many to be repaired"),
    ('{"VALUE": 16, "value": 17}', "none of value, unit and quote"),
    ('{"other": {"value": 16, "quote": "q"}}', "without any of the parameters"),
    ('{"value": 16; or: 17}', ""),
]


@pytest.mark.parametrize(("text", "why"), REFUSED)
def test_what_is_refused(text: str, why: str) -> None:
    [answer] = answers(text, COUNT)
    assert answer.value is None
    assert answer.error
    assert why in answer.error or why.startswith("cut")


@pytest.mark.parametrize(
    "text",
    [
        '{"value": ["left" "right"], "quote": "q"}',
        '{"value": ["left"\n "right"], "quote": "q"}',
        '{"value": ["left",, "right"], "quote": "q"}',
        '{"value": ["left", right"], "quote": "q"}',
        '{"value": ["left",\nright"], "quote": "q"}',
        '{"value": [left", "right"], "quote": "q"}',
        "{'value': ['left', 'right'], 'quote': 'q'}",
        '{"value": ["left", "right"]; ..., "quote": "q"}',
    ],
)
def test_items_of_a_list_are_told_apart(text: str) -> None:
    assert answers(text, LIST)[0].value == ["left", "right"]


@pytest.mark.parametrize(
    "text",
    [
        "{'value': ['left' 'right'], 'quote': 'q'}",
        '{"value": [“left” “right”], "quote": "q"}',
        '{"value": ["left, "right"], "quote": "q"}',
        '{"value": ["left": "right"], "quote": "q"}',
        '{"value": [a", b"], "quote": "q"}',
        '{"value": [left, right], "quote": "q"}',
    ],
)
def test_items_that_may_be_one_or_two_are_refused(text: str) -> None:
    assert answers(text, LIST)[0].error


@pytest.mark.parametrize(
    "text",
    [
        '{"value": "reach" "grasp", "quote": "q"}',
        '{"posture": "reach", "grasp"}',
        '{"posture": "reach", "grasp", "n_total": 3}',
        '{"value": "reach`, "quote": "q"}',
        '{"value": "reach:, "quote": "q"}',
        '{"value": "the dogs\', "quote": "q"}',
        '{"value": (reach", "quote": "q"}',
        '{"value": C"# code", "quote": "q"}',
        '{"value": "reach," "quote": "q"}',
        '{"posture": {"value": "{so}',
        "{posture: null, flag: ",
        "{posture: null flag: null}",
    ],
)
def test_a_text_whose_end_is_not_sure_is_refused(text: str) -> None:
    assert answers(text, TEXT)[0].error


def test_a_quote_of_another_make_closes_a_string() -> None:
    [answer] = answers('{"value": "reach\',\n "quote": "they reach"}', TEXT)
    assert (answer.value, answer.quote) == ("reach", "they reach")


@pytest.mark.parametrize(
    ("value", "unit"),
    [("20 years", "years"), ("20 yr", "yr"), ("20 Years", "Years"), ("20 months", "months"), ("20", None)],
)
def test_a_known_unit_is_taken_off_a_quoted_number(value: str, unit: str | None) -> None:
    [answer] = answers(f'{{"value": "{value}", "quote": "q"}}', AGE)
    assert (answer.value, answer.unit, answer.repairs) == (20, unit, ("quoted-number",))


@pytest.mark.parametrize("value", ["3 million", "12k", "1 e3", "0x10", "20 to-30", "20-30", "20 kg", "1,5", "3 s/100"])
def test_what_follows_a_number_is_not_split_off_as_its_unit(value: str) -> None:
    assert answers(f'{{"value": "{value}", "quote": "q"}}', AGE)[0].error
    assert answers(f'{{"value": {value}, "quote": "q"}}', AGE)[0].error


def test_a_cut_repetition_of_a_whole_answer_does_no_harm() -> None:
    [answer] = answers('{"value": 16, "quote": "Sixteen"}\n{"value": 16, "quo', COUNT)
    assert (answer.value, answer.repairs) == (16, ("find-json",))


def test_an_answer_after_a_long_thought() -> None:
    thought = "<think>" + "So {x: 1}, hm. " * 3000 + "</think>"
    [answer] = answers(thought + '{"value": 16, "quote": "Sixteen",}', COUNT)
    assert (answer.value, answer.repairs) == (16, ("find-json", "trailing-commas"))


def raises(text: str) -> str:
    raise RuntimeError("no\nway")


@pytest.mark.parametrize(
    ("mend", "reason"),
    [
        (raises, "RuntimeError: no way"),
        (lambda text: None, "NoneType"),
        (lambda text: [1], "list"),
        (lambda text: [], "list"),
        (lambda text: text.encode(), "bytes"),
    ],
)
def test_a_broken_repair_is_named_and_left_out(mend: Any, reason: str, caplog: pytest.LogCaptureFixture) -> None:
    broken = [("mice-repair", Repair(mend)), *chain()]
    [answer] = recover(
        Completion("key", "{'value': 16, 'quote': 'Sixteen',}", False), question(COUNT), broken, validates
    )
    assert (answer.value, answer.repairs) == (16, ("quotes", "trailing-commas"))
    [warned] = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warned.startswith("The repair 'mice-repair' failed and is left out: ")
    assert reason in warned


def test_escaped_quotes_inside_a_valid_string_survive() -> None:
    [answer] = answers('Here: {"value": "a \\"b\\" c", "quote": "said \\"go\\", then",}', TEXT)
    assert (answer.value, answer.quote) == ('a "b" c', 'said "go", then')


def test_apostrophes_do_not_end_a_string_in_single_quotes() -> None:
    [answer] = answers("{'value': 'the subject's chair', 'quote': 'in the subjects' chairs, they sat'}", TEXT)
    assert (answer.value, answer.quote) == ("the subject's chair", "in the subjects' chairs, they sat")


def test_none_is_never_a_text() -> None:
    [answer] = answers("{'value': None, 'quote': ''}", TEXT)
    assert (answer.value, answer.error) == (None, None)


def test_a_minus_is_kept() -> None:
    [answer] = answers('{"value": −30, "unit": "deg", "quote": "−30°"}', AGE)
    assert answer.value == -30


def test_of_two_objects_the_one_with_its_quote_in_the_text() -> None:
    text = 'Example: {"value": 12, "quote": "Twelve people"} Answer: {"value": 16, "quote": "Sixteen volunteers"}'
    assert answers(text, COUNT)[0].value == 16


def test_whole_members_of_a_cut_answer_are_kept() -> None:
    first, second = answers('{"n_total": {"value": 16, "quote": "q"}, "age": {"value": 20, "uni', COUNT, AGE)
    assert (first.value, first.repairs) == (16, ("unfinished",))
    assert second.error == "the answer has no 'age'"


def test_each_parameter_has_an_answer_or_a_reason() -> None:
    first, second = answers('{"n_total": "many", "age": 20}', COUNT, AGE)
    assert first.error == '"many" does not fit the parameter\'s schema'
    assert (second.value, second.error) == (20, None)


def test_the_reading_that_says_most_wins_and_the_log_says_what_fired(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    asked = question(COUNT, AGE, TEXT)
    text = 'So {"n_total": "16", "age": "many"}, I mean {"n_total": 16, "age": 20,}.'
    found = recover(Completion("key", text, False), asked, chain(), validates, "mice.pdf")
    assert [(answer.value, answer.error is None) for answer in found] == [(16, True), (20, True), (None, False)]
    assert "Recovered 2 parameters from malformed JSON (mice.pdf: find-json, trailing-commas)" in caplog.text


def test_failed_and_truncated_completions() -> None:
    [failed] = recover(Completion("key", "", True, error="timed out"), question(COUNT), chain(), validates)
    assert failed == Answer("n_total", None, error="timed out")
    [cut] = recover(Completion("key", "null", True, truncated=True), question(COUNT), chain(), validates)
    assert cut.truncated
    assert cut.error


def test_records(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")

    def records(text: str) -> list[tuple[str, str | None, tuple[str, ...]]]:
        asked = Question("key", "", Shown("", (), True), "", "records", max_records=5)
        labels = recover_records(Completion("key", text, False), asked, chain(), "mice.pdf")
        return [(label.label, label.quote, label.repairs) for label in labels]

    assert records('[{"label":"Experiment 1","quote":"q"}]') == [("Experiment 1", "q", ())]
    assert records("Here:\n[{'label': 'A', 'quote': 'q'}, {'label': 'B'}]") == [
        ("A", "q", ("find-json", "quotes")),
        ("B", None, ("find-json", "quotes")),
    ]
    assert "Recovered 2 records from malformed JSON (mice.pdf: find-json, quotes)" in caplog.text
    assert records("[]") == []
    assert records('[{"label": "A", "quote": "q"}, {"label": "B", "quo') == [("A", "q", ("unfinished",))]
    with pytest.raises(DecodeError, match="key: a record without a label"):
        records('[{"name": "A"}]')


def test_confidence_is_lowered_for_each_repair() -> None:
    assert confidence_factor((), 0.8) == 1
    assert confidence_factor(("a", "b"), 0.8) == pytest.approx(0.64)
