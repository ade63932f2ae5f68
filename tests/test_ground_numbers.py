"""ground/numbers.py: every number, its unit, and whether it is the value of anything. Sentences are made up."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsx.ground import numerals
from dsx.ground.mentions import NumberMention
from dsx.ground.numbers import find_numbers, numbers_in
from dsx.load.compose import Paragraph, compose, unplaced
from dsx.load.grid import CELL, Grid, row_text
from dsx.types import Document


def values(text: str) -> list[float]:
    """The values in the text, labels left out."""
    return [float(mention.value) for mention in numbers_in(text) if mention.kind == "value"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sixteen ferns", [16]),
        ("twenty-four of twenty four", [24, 24]),
        ("one hundred and twenty", [120]),
        ("two thousand five hundred", [2500]),
        ("Fourty-six and fourteen", [46, 14]),
        ("fifteen hundred of a hundred", [1500, 100]),
        ("between two hundred and three hundred, one thousand and two thousand", [200, 300, 1000, 2000]),
        ("two hundred and three thousand, three thousand million", [203_000, 3 * 10**9]),
        ("a dozen eggs, two dozen nests", [12, 24]),
        ("twenty-two thirty", [22, 30]),
        ("between one and two", [1, 2]),
        ("between one hundred and two thousand", [100, 2000]),
        ("between one hundred and two and three hundred", [102, 300]),
        ("between one hundred and twenty and 300, from one hundred to two thousand", [120, 300, 100, 2000]),
        ("eighty\u00adone or eighty–one", [81, 81]),
        ("one and a half, two thirds, a quarter of it", [1.5, 2 / 3, 0.25]),
        ("half of the nests", [0.5]),
        ("½ or 2½", [0.5, 2.5]),
        ("2.5 million and 3 thousand", [2_500_000, 3000]),
        ("1,200 seeds", [1200]),
        ("1\u2009200 seeds", [1200]),
        ("1 200 seeds", [1200]),
        ("1'200 seeds", [1200]),
        ("1,234,567.8", [1234567.8]),
        ("10,20,30", [10, 20, 30]),
        ("45 3", [45, 3]),
        ("45³ and 45^3", [45, 45]),
        ("1.5 × 10³ Hz", [1500]),
        ("3 × 10⁻⁸ or 3e-8 or 3·10^-8", [3e-8, 3e-8, 3e-8]),
        ("p < 10−4", [0.0001]),
        ("4.1 × 1023", [4.1, 1023]),
        ("N=40, n = 12", [40, 12]),
        ("p < .05", [0.05]),
        ("0·05", [0.05]),
        ("ein Weg von 23,4 m und 1.024 Stufen", [23.4, 1024]),
        ("共有３０名", [30]),
        ("三十五名", [35]),
        ("一千二百人, 一万二千人, 二〇人, 两万三千零五个", [1200, 12000, 20, 23005]),
        ("three eighths, one tenth, two fifths, a fourth of it, five sixths", [0.375, 0.1, 0.4, 0.25, 5 / 6]),
        ("nine thousand and twelve, two hundred, ten million", [9012, 200, 10_000_000]),
        ("1,024·5 and 1.5·10^3", [1024.5, 1500]),
        ("10^6 or 10⁻² or 1e5", [10**6, 0.01, 1e5]),
        ("zero of ninety-nine", [0, 99]),
        ("-.5 and +.5 and ·5", [-0.5, 0.5, 0.5]),
        ("¼ of 1 ¾", [0.25, 1.75]),
        ("a 2×3 design", [2, 3]),
        ("from -5 to 5", [-5, 5]),
        ("x = − 3", [-3]),
        ("18-22", [18, 22]),
        ("[−0.4–0.1]", [-0.4, 0.1]),
        ("pilot – 12 hens", [12]),
        ("40ms, 12f/8m, 16/group", [40, 12, 8, 16]),
        ("someone, often, tenth", []),
    ],
)
def test_values(text: str, expected: list[float]) -> None:
    assert values(text) == pytest.approx(expected, rel=1e-9, abs=0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("In Experiment 2, nine hens", [9]),
        ("IN EXPERIMENT 2 of Exp. 3", []),
        ("Experiments 1 and 2, nine hens", [9]),
        ("Figs. 3, 4 and 5; Table 1–3", []),
        ("see Fig. 3B, Eq. (4), Table S4, Section 2.1, pp. 12–14", []),
        ("Day 2: nine hens; on day 3 all; each day 20 eggs; this study 30 hens", [9, 20, 30]),
        ("Block 2 had 80 eggs", [80]),
        ("as shown [12], [3, 5–7]; 95% CI [12, 25]", [95, 12, 25]),
        ("known before12 and before^12", []),
        ("(Hen et al., 2010; Egg, 2011a) and Cock (2012) in 1998", [1998]),
        ("the 1990s", []),
        ("see https://doi.org/10.1000/12, 10.1000/a.7, a.b3@c4.org, Tel.: +49 30 123456", []),
        ("NCT 01234567, version 3.1, Python 3.9.1, 0000-0001-2345-6789", []),
        ("P300, Ti6Al4V, COVID-19, x_3, 3O", []),
        ("the 2nd of a 2-AFC, two-tailed, three-dimensional", []),
        ("no one, one another, each one, the one", []),
        ("one of the hens", [1]),
        ("It grew.\n12 Hens sat here for long.\nIt ended.", [12]),
        ("It grew.\n12 Hens and eggs\nIt ended.", []),
        ("IQR [12, 25], range [3, 9], between [2]", [12, 25, 3, 9]),
        ("Nr. 5, no. 6, Vol. 7, p. 8, step 9, Day 3 and Fig 4", []),
        ("in a phase 20 hens sat; Groups 2 and 3; Phase 20 hens", [20]),
        ("R 4.2, v2.1, Windows 11, the SPSS 26", []),
        ("5 to 10-fold; 3rd; 2-back; 4-way; 10-to-one", [5, 10]),
        ("1. Introduction\n2.1 Hens and eggs\nNine hens sat", [9]),
        ("(1) sit, (2) stand; the pen (8) was shut", [8]),
        ("Tables 2 & 3; t(62) = 2.3, F(1, 38) > 4; β1 = 0.9", [2.3, 4, 0.9]),
        ("type 2 hens of grade three, day one, C57BL/6 mice, PEG 400", []),
        ("\u0666\u0667\u066b\u0662 and \u0661\u066c\u0662\u0663\u0664", [67.2, 1234]),
        ("10−9 M, 05.03.2019, 12k eggs, 1.234.567 eggs of 3,5 cm und 2,5 cm", [1e-9, 2019, 12000, 1234567, 3.5, 2.5]),
    ],
)
def test_labels_are_no_values(text: str, expected: list[float]) -> None:
    assert values(text) == expected


def test_a_label_says_of_what() -> None:
    assert [(mention.text, mention.noun) for mention in numbers_in("Exp. 2 and Figs. 3 and 4 (Hen, 2010)")] == [
        ("2", "exp"),
        ("3", "figs"),
        ("4", "figs"),
        ("2010", "year"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a 40-ms or 40ms or 40 ms wait", ["ms", "ms", "ms"]),
        ("at 10, 20 and 30 deg", ["deg", "deg", "deg"]),
        ("18–22 years, 5 to 10 mm", ["years", "years", "mm", "mm"]),
        ("between 5 and 10 mm", ["mm", "mm"]),
        ("23.4 ± 3.1 kg", ["kg", "kg"]),
        ("23.4 kg ± 3.1", ["kg", "kg"]),
        ("12 hens laid 10 cm apart", [None, "cm"]),
        ("100 eggs with a 300 ms wait", [None, "ms"]),
        ("In 2019, 20 mg were given", [None, "mg"]),
        ("10 cm × 15 cm", ["cm", "cm"]),
        ("30 cm s−1, 5 kg/m2, 10 mg kg−1 d−1", ["cm s−1", "kg/m2", "mg kg−1 d−1"]),
        ("120 mm Hg, 20°/s, 37 °C, 45º", ["mm Hg", "°/s", "°C", "º"]),
        ("5 g/plant and 3 W/(m K).", ["g/plant", "W/(m K)"]),
        ("6.0 × 10^−3 S/cm", ["S/cm"]),
        ("24 hens (12 f, 12 m), 10F/10M", [None] * 5),
        ('a 21.5-in. box, a 21.5" box, 8 in each pen, 8 in wide', ["in", '"', None, "in"]),
        ("Age (years): 23.4", ["years"]),
        ("5 MW or 5 mW", ["MW", "mW"]),
        ("a 23-year-old hen of 3 years of age", ["year-old", "years of age"]),
        ("25% or 25 per cent", ["%", "per cent"]),
        ("in 5 points or 7 trials", [None, None]),
        ("5 cells, 1 cell, 7 words, 1 word, 3 A hens", [None] * 5),
        ("3 bar charts at 3 bar", [None, "bar"]),
        ("4.2 ± 0.3 t ha−1 in 2018 and 5.1 ± 0.4 t ha−1", ["t ha−1", "t ha−1", None, "t ha−1", "t ha−1"]),
        ("52°14′N", ["°"]),
        ("3.2 × 10^10 M☉ at 98.5 ± 2.1 Mpc", [None, "Mpc", "Mpc"]),
        ("from 12.4 ka to 0.9 Ma, 4 cm/kyr", ["ka", "Ma", "cm/kyr"]),
        ("(2.4 ± 0.3) kg, aged (18–35) years, 23.4 (3.1) years", ["kg", "kg", *["years"] * 4]),
        ("12 (40%), 2 × 125 mg, 10 × 20 cm, half an hour", [None, "%", None, "mg", "cm", "cm", "hour"]),
    ],
)
def test_units_belong_to_numbers(text: str, expected: list[str | None]) -> None:
    assert [mention.unit for mention in numbers_in(text)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("18–22", ["range_low", "range_high"]),
        ("23.4 ± 3.1", ["mean", "spread"]),
        ("23.4 (± 3.1)", ["mean", "spread"]),
        ("M = 23.4, SD = 3.1", ["mean", "spread"]),
        ("a mean weight of 23.4", ["mean"]),
        ("25% of 40", ["percent", "plain"]),
        ("25 percent or 25 per cent", ["percent", "percent"]),
        ("10 to 25%", ["range_low", "range_high"]),
        ("10, 25%", ["percent", "percent"]),
        ("a standard deviation of 3, average 7", ["spread", "mean"]),
        ("3+/-1, 5 (SD 2), 5, SE = 2", ["mean", "spread", "mean", "spread", "mean", "spread"]),
        ("at ±30° or 20°", ["plain", "plain"]),
        ("5 and 10", ["plain", "plain"]),
    ],
)
def test_roles(text: str, expected: list[str]) -> None:
    assert [mention.role for mention in numbers_in(text)] == expected


def test_comparators_signs_and_inexact_words() -> None:
    assert numbers_in("p < 10−4")[0].text == "10−4"
    assert [mention.text for mention in numbers_in("a hundred or an hundred")] == ["a hundred", "an hundred"]
    text = "p<0.05, q ≥ 3, r = −.12, ±30°, a dozen"
    assert [mention.comparator for mention in numbers_in(text)] == ["<", "≥", "=", "±", ""]
    assert [mention.text for mention in numbers_in(text)] == ["0.05", "3", "−.12", "±30", "a dozen"]
    assert [mention.exact for mention in numbers_in(text)] == [True, True, True, True, False]
    spread = numbers_in("5 ± 2")[1]
    assert (spread.text, spread.value, spread.comparator) == ("2", 2, "")


def test_each_comparator() -> None:
    for written, sign in {
        "<": "<",
        ">": ">",
        "≤": "≤",
        "≥": "≥",
        "=": "=",
        "<=": "≤",
        ">=": "≥",
        "⩽": "≤",
        "⩾": "≥",
    }.items():
        assert [mention.comparator for mention in numbers_in(f"x{written}3, x {written} 3")] == [sign, sign]


def test_each_stands_at_its_offsets_in_its_sentence() -> None:
    text = "Nine hens sat (Fig. 2). Then −30 °C came.\nTen left."
    for mention in numbers_in(text):
        assert text[mention.start : mention.end] == mention.text
    assert [text[slice(*mention.sentence)] for mention in numbers_in(text)] == [
        "Nine hens sat (Fig. 2).",
        "Nine hens sat (Fig. 2).",
        "Then −30 °C came.",
        "Ten left.",
    ]


def paper(tmp_path: Path) -> Document:
    """A table of two columns with units in heads, a row with its own, a row of references."""
    path = tmp_path / "paper"
    path.write_text("x")
    rows = [("", "Age (years)", "Speed, cm/s"), ("Hens", "3.1", "20"), ("Wait (ms)", "40", "50 m/s")]
    lines = [Paragraph([unplaced(row_text(row))], kind="row", table=0) for row in rows]
    before, after = (
        Paragraph([unplaced("Nine hens.")]),
        Paragraph([unplaced("References")], level=1, heading="references"),
    )
    cited = Paragraph([unplaced("Hen lays 77 eggs.")])
    grids = [Grid("Table 1", rows, 1, None, heads=rows[:1])]
    return compose(path, "test", [before, *lines, after, cited], [(600.0, 800.0)], grids=grids)


def test_numbers_of_tables_get_their_heads_unit_and_references_count_nothing(tmp_path: Path) -> None:
    document = paper(tmp_path)
    found: dict[str, NumberMention] = {mention.text: mention for mention in find_numbers(document)}
    assert {text: mention.unit for text, mention in found.items()} == {
        "Nine": None,
        "3.1": "years",
        "20": "cm/s",
        "40": "ms",
        "50": "m/s",
        "77": None,
    }
    assert document.text[slice(*found["20"].sentence)] == CELL.join(("Hens", "3.1", "20"))
    assert [text for text, mention in found.items() if mention.kind == "label"] == ["77"]


@pytest.mark.parametrize(
    "unit", ["1 ", "1,", "[1", "one ", "1–", "±1", "a.b", "Tel. ", "x@y.", "1.1.", "一", "½", "1\n", "(", "^1"]
)
def test_hostile_texts_take_time_in_proportion(unit: str) -> None:
    started = time.process_time()
    numbers_in(unit * (6_000 // len(unit)))
    assert time.process_time() - started < 5


def test_a_paper_is_searched_quickly() -> None:
    text = "Forty-two hens (21 brown; mean weight 2.4 ± 0.3 kg) sat in the straw of a pen for many long days. " * 600
    numbers_in("5 mm")
    started = time.process_time()
    assert len(numbers_in(text)) == 4 * 600
    assert time.process_time() - started < 3  # 0.3 s on an idle core


def test_numbers_of_hundreds_of_digits_are_no_error() -> None:
    assert [mention.kind for mention in numbers_in("9" * 401 + " and 1e-999 and " + "8" * 400)] == [
        "label",
        "value",
        "value",
    ]


PIECES = st.sampled_from([
    *"0123456789.,·٫٬ \n-−–×x^*eE⁻⁺²³¼⅓十三()[]<>=~%$sſ",
    *("one", "Two", "HUNDRED", "and", "an", "a ", "half", "dozen", "twenty", "ſix", "zero", "10", "× 10", " 10³"),
    *("third", "million", "\u2009", "\u00ad", "1/2", "01.02.2003", "k", " mm"),
])  # fmt: skip


@given(st.lists(PIECES, max_size=24).map("".join))
def test_where_numbers_may_begin_none_is_passed_over(text: str) -> None:
    for pattern in (numerals._plain, numerals._comma):
        tried = [match.span() for match in numerals._matches(pattern, text)]
        assert tried == [match.span() for match in pattern.finditer(text)]
