"""Quotes with ranges, approximations, words and signs."""

from __future__ import annotations

from tests.values import DERIVED, STATED, UNSUPPORTED, Table

IN_WORDS: Table = {
    ("x", "cm"): [
        (3.2, "mean ± SE = 3.2 ± 0.4 cm", STATED),
        (2.8, "3.2 [2.8–3.6] cm", STATED),
        (3.6, "3.2 (95% CI: 2.8, 3.6) cm", STATED),
    ],
    ("x", None): [
        (3.6, "3.2 (95% CI: 2.8, 3.6)", STATED),
    ],
    ("n_rats", None): [
        (5, "n=5–8 rats per group", STATED),
    ],
    ("n_sick", None): [
        (5, "5/8 (63%)", STATED),
        (10, "ten of the twelve", STATED),
    ],
    ("fold", None): [
        (2, "2- to 3-fold", STATED),
        (1000, "1000-fold", STATED),
    ],
    ("x", "%"): [
        (10, "10%–15%", STATED),
        (15, "10 %–15 %", STATED),
        (10, "10 to 15%", STATED),
        (3, "an increase of 3 percentage points", STATED),
        (5, "at the 5% level", STATED),
    ],
    ("cost", "USD"): [
        (1000000.0, "US$1–2 million", STATED),
        (2000000.0, "US$1–2 million", STATED),
    ],
    ("n_birds", None): [
        (1000000.0, "between 1 and 2 million birds", STATED),
        (2000000.0, "between 1 and 2 million birds", STATED),
    ],
    ("n_cells", None): [
        (1000000.0, "1–2 × 10⁶ cells", STATED),
        (2000000.0, "(1–2) × 10⁶ cells", STATED),
        (10000.0, "10⁴–10⁵ cells", STATED),
        (100000.0, "10⁴–10⁵ cells", STATED),
    ],
    ("x", "°C"): [
        (-1, "−1 to +3 °C", STATED),
        (3, "−1 to +3 °C", STATED),
        (3, "+3 °C", STATED),
        (15, "25/15 °C day/night", STATED),
        (25, "25/15 °C day/night", STATED),
    ],
    ("x", "h"): [
        (24, "24h", STATED),
    ],
    ("x", "times/week"): [
        (3, "3 times/week", STATED),
        (3, "3 times per week", STATED),
        (3, "three times a week", STATED),
    ],
    ("x", "d/week"): [
        (3, "3 d wk−1", STATED),
    ],
    ("x", "mg"): [
        (1000, "1 g (1000 mg)", STATED),
        (0.5, "500 µg", DERIVED),
    ],
    ("x", "kg"): [
        (45, "45 kilos", STATED),
        (0.0454, "0.1 lb", DERIVED),
    ],
    ("x", "years"): [
        (7.5, "7½ years", STATED),
        (7.5, "7 1/2-year-old", STATED),
        (7.5, "seven and a half years", DERIVED),
    ],
    ("x", "months"): [
        (18, "a year and a half", UNSUPPORTED),
    ],
    ("n_trees", None): [
        (40, "some 40 trees", STATED),
        (40, "approx. 40 trees", STATED),
        (40, "≈40 trees", STATED),
        (40, "forty-odd trees", STATED),
        (40, "40+ trees", STATED),
        (40, "up to 40 trees", STATED),
        (40, "No. 40", UNSUPPORTED),
        (40, "tree no. 40", UNSUPPORTED),
        (40, "#40", UNSUPPORTED),
        (3, "trees were cut in 3 different years", STATED),
        (40, "p. 40", UNSUPPORTED),
        (12, "line 12", UNSUPPORTED),
    ],
    ("beta", None): [
        (-0.35, "(0.35)", UNSUPPORTED),
        (1.02, "1.02†", STATED),
        (1.02, "1.02*", STATED),
        (1.02, "1.02ᵃ", STATED),
    ],
    ("x", "km"): [
        (42.195, "42.195 km", STATED),
        (42.195, "42,195 m", DERIVED),
    ],
    ("x", "m"): [
        (42195, "42,195 m", STATED),
        (42.195, "42,195 m", UNSUPPORTED),
    ],
    ("x", "L"): [
        (1.5, "1500 ml", DERIVED),
        (1.5, "1.5 litres", STATED),
        (1.5, "1.5 ℓ", STATED),
    ],
    ("x", "g/L"): [
        (9, "0.9% w/v", UNSUPPORTED),
    ],
    ("x", "mmol/L"): [
        (5.5, "5.5 mM", STATED),
        (5.5, "5.5 mmol·L−1", STATED),
        (5.5, "5.5 mmol l⁻¹", STATED),
    ],
    ("x", "mol%"): [
        (5, "5 mol%", STATED),
    ],
    ("x", "kJ/mol"): [
        (-45, "−45 kJ mol–1", STATED),
    ],
    ("x", "mm"): [
        (0.5, "0.5mm", STATED),
        (0.5, "½ mm", STATED),
    ],
    ("x", "s"): [
        (0.001, "1 ms", DERIVED),
        (0.001, "10−3 s", STATED),
    ],
    ("x", "Hz"): [
        (50, "50 Hz (20 ms)", STATED),
    ],
    ("x", "dB"): [
        (-3, "−3 dB", STATED),
    ],
    ("x", "kW h"): [
        (5, "5 kWh", STATED),
    ],
    ("x", "kWh"): [
        (5, "5 kW h", STATED),
    ],
    ("x", "MJ"): [
        (18, "5 kWh", DERIVED),
    ],
    ("x", "min"): [
        (45, "for ¾ h", DERIVED),
    ],
    ("x", "ha"): [
        (0.405, "1 acre", DERIVED),
    ],
    ("x", "people/km2"): [
        (120, "120 people per km²", STATED),
        (120, "120 inhabitants/km2", UNSUPPORTED),
    ],
    ("n_total", None): [
        (20, "twenty (20) adults", STATED),
        (40, "twenty (20) adults", UNSUPPORTED),
        (6, "half a dozen adults", DERIVED),
        (150, "one hundred fifty adults", STATED),
        (1005, "one thousand and five adults", STATED),
        (99, "ninety nine adults", STATED),
        (35, "35 (of 40) adults", STATED),
        (75, "35 (of 40) adults", UNSUPPORTED),
        (16, "8 per arm × 2 arms", DERIVED),
        (18, "6 adults in each of 3 groups", DERIVED),
        (12, "four pairs of 3 adults", DERIVED),
        (30, "N = 30 (15/15)", STATED),
        (8, "8♀", STATED),
    ],
}
