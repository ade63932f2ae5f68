"""Quotes with numbers, units and signs as they are written."""

from __future__ import annotations

from tests.values import DERIVED, INFERRED, STATED, UNSUPPORTED, Table

WRITTEN: Table = {
    ("age_mean", "years"): [
        (24.7, "Mean age was 24,7 years; p = 0.03, d = 0.45.", STATED),
        (24.7, "Age 24,7 ± 3,1 years; p = 0.03, d = 0.45, r = 0.5.", STATED),
    ],
    ("age_sd", "years"): [
        (3.1, "Age 24,7 ± 3,1 years; p = 0.03, d = 0.45.", STATED),
    ],
    ("dose", "mg"): [
        (10, "doses of 10,20,30 mg; p = 0.03", STATED),
        (20, "doses of 10,20,30 mg; p = 0.03", STATED),
    ],
    ("n_days", None): [
        (21, "On the twenty-first day", UNSUPPORTED),
        (20, "On the twenty-first day", UNSUPPORTED),
        (3, "the 3rd day", UNSUPPORTED),
    ],
    ("n_rats", None): [
        (1200, "twelve hundred rats", STATED),
        (105, "one hundred and five rats", STATED),
        (300, "three hundred rats", STATED),
        (1000, "1k rats", STATED),
        (60, "five dozen rats", DERIVED),
        (20, "a score of rats", UNSUPPORTED),
        (22, "Two groups (A, n = 10; B, n = 12)", DERIVED),
        (30, "ten rats per group (three groups)", DERIVED),
        (10, "ten rats per group (three groups)", STATED),
        (28, "30 rats, of which 2 died", DERIVED),
        (28, "After exclusion of 2 of the 30 rats", DERIVED),
        (32, "30 rats, of which 2 died", UNSUPPORTED),
        (30, "30 (15 male/15 female) rats", STATED),
        (45, "30 (15 male/15 female) rats", UNSUPPORTED),
    ],
    ("n_groups", None): [
        (3, "divided into three equal groups", STATED),
        (2, "Two groups (A, n = 10; B, n = 12)", STATED),
    ],
    ("n_male", None): [
        (15, "30 (15 male/15 female) rats", STATED),
        (18, "60% of 30 rats were male", DERIVED),
    ],
    ("ci", None): [
        (-0.2, "[-0.2,0.4]", STATED),
        (0.4, "[-0.2,0.4]", STATED),
        (-0.2, "(−0.2 to 0.4)", STATED),
        (-0.2, "-0.2–0.4", STATED),
        (-0.4, "−0.4 – −0.2", STATED),
        (-0.2, "−0.4 – −0.2", STATED),
        (-0.2, "−0.4–−0.2", STATED),
        (-0.2, "-0.4--0.2", STATED),
        (-0.2, "-0.4, -0.2", STATED),
    ],
    ("r", None): [
        (-0.53, "r(38) = -.53", STATED),
        (-0.53, "r = − .53", STATED),
        (-0.53, "r=–0.53", STATED),
    ],
    ("t", None): [
        (-2.1, "t38=−2.1", STATED),
    ],
    ("z", None): [
        (-1.96, "z = \u20101.96", STATED),
    ],
    ("x", None): [
        (-5, "(−5)", STATED),
    ],
    ("x", "°C"): [
        (-5, "−5°C", STATED),
        (5, "15−5°C", STATED),
        (-5, "15−5°C", UNSUPPORTED),
        (25, "25 degrees C", STATED),
        (25, "25ºC", STATED),
        (25, "25 ◦C", STATED),
        (25, "25 ℃", STATED),
    ],
    ("x", "mV"): [
        (-70, "held at −70 mV", STATED),
        (-70, "-70/-60 mV", STATED),
        (-60, "-70/-60 mV", STATED),
        (-70, "from −90 to −70 mV", STATED),
        (70, "±70 mV", STATED),
    ],
    ("p", None): [
        (0.001, "p⩽0.001", STATED),
        (0.001, "p < 1e−3", STATED),
        (0.049, "P=0·049", STATED),
        (3e-06, "P = 3 × 10–6", STATED),
        (3e-06, "P = 3 x 10-6", STATED),
        (3e-06, "P = 3.0 ∗ 10^{−6}", STATED),
        (3e-06, "P = 3.0∙10⁻⁶", STATED),
        (3e-06, "P = 3.0 ⋅ 10−6", STATED),
        (3e-06, "P = 3.0 ✕ 10−6", STATED),
    ],
    ("x", "mm"): [
        (2.5, "2.5-mm-thick", STATED),
        (2.5, "2.5 mm-thick", STATED),
        (2.5, "2.5 millimetre thick", STATED),
    ],
    ("x", "µm"): [
        (2.5, "2.5 μm", STATED),
        (2.5, "2.5 um", STATED),
    ],
    ("x", "nm"): [
        (250, "0.25 µm", DERIVED),
    ],
    ("x", "L/min"): [
        (2, "2 l min-1", STATED),
        (2, "2 L per min", STATED),
        (2, "2 L.min-1", STATED),
    ],
    ("x", "mL/min"): [
        (2, "2 mL·min–1", STATED),
    ],
    ("x", "mL/kg/min"): [
        (45, "45 mL·kg−1·min−1", STATED),
        (45, "45 ml/kg/min", STATED),
        (45, "45 ml/min/kg", STATED),
        (45, "45 mL/(kg·min)", STATED),
        (45, "45 mL.kg-1.min-1", STATED),
    ],
    ("x", "W/m2/K"): [
        (5, "5 W m−2 K−1", STATED),
    ],
    ("x", "W/(m K)"): [
        (5, "5 W/m·K", STATED),
        (5, "5 W m⁻¹ K⁻¹", STATED),
    ],
    ("x", "J/g/K"): [
        (0.5, "0.5 J g−1 K−1", STATED),
    ],
    ("x", "g/m2/d"): [
        (5, "5 g C m−2 d−1", STATED),
    ],
    ("x", "µg/m3"): [
        (35, "35 µg/m³", STATED),
        (35, "35 µg m-3", STATED),
    ],
    ("x", "mg/L"): [
        (5, "5 mg dm−3", STATED),
        (5, "5 µg/mL", STATED),
    ],
    ("x", "mg/dL"): [
        (95, "95 mg/100 mL", STATED),
        (95, "95 mg %", UNSUPPORTED),
    ],
    ("x", "kcal/d"): [
        (2000, "2,000 kcal/day", STATED),
    ],
    ("x", "kJ/d"): [
        (8368, "2,000 kcal/day", DERIVED),
    ],
    ("x", "steps/day"): [
        (8000, "8,000 steps per day", STATED),
        (8000, "8,000 steps a day", STATED),
    ],
    ("x", "years"): [
        (2, "24 months", DERIVED),
        (65, "≥65 years", STATED),
        (65, "over 65 y of age", STATED),
        (65, "those aged 65 or older", STATED),
        (65, "65+ years", STATED),
        (65, "65-year-old", STATED),
    ],
    ("x", "weeks"): [
        (2, "a fortnight", UNSUPPORTED),
        (8, "8-wk-old mice", STATED),
        (8, "8–10-week-old mice", STATED),
        (10, "8–10-week-old mice", STATED),
        (8, "eight- to ten-week-old mice", STATED),
        (8, "8- to 10-wk-old mice", STATED),
    ],
    ("x", "d"): [
        (14, "two weeks", DERIVED),
    ],
    ("x", "h"): [
        (72, "72-h", STATED),
        (72, "72 hrs", STATED),
        (0.75, "three quarters of an hour", DERIVED),
        (2.5, "two and a half hours", DERIVED),
    ],
    ("x", "min"): [
        (2.5, "2:30 min", DERIVED),
    ],
    ("x", "s"): [
        (90, "1 min 30 s", DERIVED),
        (90, "1 min and 30 s", DERIVED),
        (90, "1'30''", UNSUPPORTED),
    ],
    ("x", "kPa"): [
        (101.3, "101.3 kPa", STATED),
    ],
    ("x", "MPa"): [
        (0.1, "1 bar", DERIVED),
        (5.2, "5.2 MPa m1/2", UNSUPPORTED),
        (5.2, "5.2 MPa√m", UNSUPPORTED),
        (5.2, "5.2 MPa·m^0.5", UNSUPPORTED),
    ],
    ("x", "%"): [
        (5, "5 vol%", STATED),
        (5, "5% v/v", STATED),
        (0.5, "0.5 per cent", STATED),
        (5, "5 %-points", STATED),
        (33, "one third (33%)", STATED),
        (75, "three-quarters of the firms", DERIVED),
        (60, "three in five firms", DERIVED),
        (50, "half the firms", DERIVED),
        (50, "half of firms", DERIVED),
    ],
    ("x", "percentage points"): [
        (5, "5%-points", STATED),
    ],
    ("x", "‰"): [
        (-25.3, "δ13C of −25.3 ‰", STATED),
        (13, "δ13C of −25.3 ‰", UNSUPPORTED),
    ],
    ("x", "ppm"): [
        (400, "400 ppmv", STATED),
    ],
    ("x", "deg"): [
        (12.5, "12°30′", DERIVED),
        (0.5, "30 arcmin", DERIVED),
    ],
    ("x", "rpm"): [
        (200, "200 rev/min", STATED),
    ],
    ("x", "g"): [
        (12000, "12,000 g for 10 min", STATED),
        (12000, "12,000×g", STATED),
    ],
    ("x", "kDa"): [
        (55, "55-kDa", STATED),
    ],
    ("x", "U/L"): [
        (40, "40 U/L", STATED),
    ],
    ("x", "IU/L"): [
        (40, "40 IU/l", STATED),
    ],
    ("x", "copies/mL"): [
        (10000.0, "10⁴ copies/mL", STATED),
        (10000.0, "10 000 copies per mL", STATED),
    ],
    ("x", "log10 copies/mL"): [
        (4.2, "4.2 log10 copies/mL", STATED),
    ],
    ("x", "eggs/g"): [
        (250, "250 eggs per gram", STATED),
        (250, "250 EPG", UNSUPPORTED),
    ],
    ("x", "m"): [
        (1.75, "1.75m tall", STATED),
        (1.75, "1.75 ± 0.08 m", STATED),
        (0.08, "1.75 ± 0.08 m", STATED),
    ],
    ("x", "m2"): [
        (1.73, "per 1.73 m2", STATED),
    ],
    ("x", "kg"): [
        (70, "70 (SD 10) kg", STATED),
        (70, "weight (kg): 70 ± 10", STATED),
        (10, "weight (kg): 70 ± 10", STATED),
        (70, "weight, 70 ± 10 kg; height, 175 ± 8 cm", STATED),
        (175, "height 175 ± 8 cm and weight 70 ± 10 kg", UNSUPPORTED),
    ],
    ("x", "cm"): [
        (175, "height 175 ± 8 cm and weight 70 ± 10 kg", STATED),
    ],
    ("x", "months"): [
        (6, "6-month-old", STATED),
    ],
    ("x", "GPa"): [
        (210, "E = 210 GPa, ν = 0.3", STATED),
    ],
    ("x", "USD"): [
        (5000, "$5 thousand", STATED),
        (1200000000000.0, "$1.2 trillion", STATED),
    ],
    ("n_hh", None): [
        (1200000000000.0, "1.2 trillion cells", STATED),
    ],
    ("year", None): [
        (2019, "published in 2019.", STATED),
        (2019, "(Smith et al., 2019)", STATED),
        (2019, "Received 12 May 2019", STATED),
    ],
    ("n_total", None): [
        (2019, "Received 12 May 2019", UNSUPPORTED),
    ],
    ("masked", None): [
        (False, "an unmasked rater", STATED),
    ],
    ("randomised", None): [
        (True, "a randomised trial", STATED),
        (False, "a non-randomised trial", STATED),
        (False, "patients were not randomised", STATED),
    ],
    ("smokers", None): [
        (False, "no smokers were included", STATED),
    ],
    ("blinded", None): [
        (True, "neither the raters nor the patients were unblinded", INFERRED),
    ],
    ("sedated", None): [
        (False, "without being sedated", STATED),
        (True, "all were sedated", STATED),
    ],
}
