"""Quotes as papers on economics and teaching write them."""

from __future__ import annotations

from tests.values import DERIVED, INFERRED, STATED, UNSUPPORTED, Table

ECONOMICS: Table = {
    ("cost", "USD"): [
        (1250, "$1,250", STATED),
        (1250, "US$ 1,250", STATED),
        (1250, "USD 1,250", STATED),
        (1250, "1,250 USD", STATED),
        (1250, "1,250 US dollars", STATED),
        (1250, "1,250 dollars", STATED),
        (3500000000.0, "$3.5bn", STATED),
        (3500000.0, "$3.5m", STATED),
        (3.5, "$3.5 million", UNSUPPORTED),
        (200, "a fee of €200", UNSUPPORTED),
    ],
    ("cost", "EUR"): [
        (1250, "€1.250,00", STATED),
        (1250, "1.250 €; das sind 3,5 %", STATED),
        (1250.5, "€ 1\u202f250,50", STATED),
        (200, "$200", UNSUPPORTED),
    ],
    ("cost", "GBP"): [
        (3500000.0, "£3.5 million", STATED),
    ],
    ("cost", "CHF"): [
        (200, "CHF 200", STATED),
    ],
    ("cost", "INR"): [
        (500, "₹500", STATED),
        (500, "Rs. 500", STATED),
    ],
    ("growth", "%"): [
        (2.5, "GDP growth of 2.5%", STATED),
    ],
    ("growth", "percentage points"): [
        (-0.5, "−0.5 percentage points", STATED),
        (3.2, "by 3.2 pp", STATED),
        (3.2, "by 3.2 p.p.", STATED),
    ],
    ("rate", "basis points"): [
        (25, "25 basis points", STATED),
    ],
    ("rate", "bps"): [
        (25, "25 bps", STATED),
    ],
    ("r2", None): [
        (0.45, "R² = 0.45", STATED),
        (2, "R2 = 0.45", UNSUPPORTED),
    ],
    ("beta", None): [
        (-0.35, "an elasticity of −0.35 (0.12)", STATED),
        (0.35, "0.35***", STATED),
        (-0.021, "−0.021**", STATED),
    ],
    ("se", None): [
        (0.12, "an elasticity of −0.35 (0.12)", STATED),
    ],
    ("n_obs", None): [
        (12345, "N = 12,345 observations", STATED),
        (12345, "12 345 firms", STATED),
        (12345, "12.345 Firmen, 3,5 %", STATED),
    ],
    ("n_hh", None): [
        (1200000, "1.2 million households", STATED),
        (0, "none of the households", INFERRED),
    ],
    ("year", None): [
        (1995, "from 1995Q1 to 2015Q4", STATED),
    ],
    ("n_firms", None): [
        (2008, "in 2008–09, 40 firms", UNSUPPORTED),
        (9, "in 2008–09, 40 firms", UNSUPPORTED),
        (1990, "in the 1990s", UNSUPPORTED),
    ],
    ("maturity", "years"): [
        (10, "10-year bonds", STATED),
    ],
    ("top", "%"): [
        (1, "the top 1%", STATED),
    ],
    ("fold", None): [
        (2, "exports doubled", INFERRED),
        (3, "increased threefold", INFERRED),
        (1.5, "a 1.5-fold rise", STATED),
    ],
    ("income", "USD"): [
        (12400, "a per capita income of $12,400 (PPP)", STATED),
    ],
    ("wage", "USD/h"): [
        (15, "$15 per hour", STATED),
        (15, "$15/h", STATED),
    ],
    ("wage", "$/h"): [
        (15, "$15 an hour", STATED),
    ],
    ("share", "%"): [
        (12.5, "0.125 of output", DERIVED),
        (40, "two fifths of output", DERIVED),
    ],
}
TEACHING: Table = {
    ("n_pupils", None): [
        (3, "Grade 3 pupils", UNSUPPORTED),
        (3, "third-grade pupils", UNSUPPORTED),
        (5, "5th graders", UNSUPPORTED),
        (10, "below the 10th percentile", UNSUPPORTED),
        (25, "25 students (14 girls, 11 boys)", STATED),
        (50, "25 students (14 girls, 11 boys)", UNSUPPORTED),
        (25, "14 girls and 11 boys", DERIVED),
    ],
    ("age", "years"): [
        (8, "8- and 9-year-olds", STATED),
        (8, "ages 8–9", STATED),
    ],
    ("gpa", None): [
        (3.42, "a GPA of 3.42 (on a 4-point scale)", STATED),
    ],
    ("d", None): [
        (0.45, "Cohen's d of .45", STATED),
    ],
    ("eta", None): [
        (0.12, "ηp2 = .12", STATED),
        (2, "ηp2 = .12", UNSUPPORTED),
    ],
    ("g", None): [
        (0.32, "g = 0.32 [0.10, 0.54]", STATED),
    ],
    ("ci_high", None): [
        (0.54, "g = 0.32 [0.10, 0.54]", STATED),
    ],
    ("f", None): [
        (4.56, "F(2, 87) = 4.56, p = .013", STATED),
    ],
    ("p", None): [
        (0.013, "F(2, 87) = 4.56, p = .013", STATED),
    ],
    ("t", None): [
        (-2.31, "t(58) = −2.31", STATED),
    ],
    ("lesson", "min"): [
        (45, "45-minute lessons twice a week", STATED),
        (45, "forty-five minutes", STATED),
        (45, "forty-\nfive minutes", STATED),
        (50, "three 50-min sessions", STATED),
    ],
    ("share", "%"): [
        (25, "one in four teachers", DERIVED),
    ],
    ("n_total", None): [
        (30, "half of the 60 pupils", DERIVED),
        (2, "l2 pupils", UNSUPPORTED),
        (12, "l2 pupils", UNSUPPORTED),
        (24, "twenty-\nfour pupils", STATED),
    ],
    ("n_points", None): [
        (5, "a 5-point Likert scale", STATED),
    ],
    ("total", "min"): [
        (150, "three 50-min sessions", DERIVED),
    ],
    ("n_sessions", None): [
        (3, "three 50-min sessions", STATED),
    ],
    ("weeks", "weeks"): [
        (12, "a 12-\nweek programme", STATED),
    ],
    ("dose", "mg"): [
        (100, "1O0 mg", UNSUPPORTED),
        (0, "1O0 mg", UNSUPPORTED),
        (100, "100\nmg", STATED),
    ],
    ("n_teachers", None): [
        (22, "Twenty-two (16 female; 6 male) teachers", STATED),
    ],
    ("n_classes", None): [
        (9, "nine Year 7 classes", STATED),
        (7, "nine Year 7 classes", UNSUPPORTED),
    ],
    ("year", None): [
        (2015, "in the 2015/16 school year", STATED),
    ],
    ("semester", "weeks"): [
        (15, "a fifteen-week semester", STATED),
    ],
    ("iq", None): [
        (100, "an IQ of 100 ± 15", STATED),
    ],
    ("icc", None): [
        (0.12, "ICC = 0.12", STATED),
    ],
    ("attrition", "%"): [
        (8.3, "2/24 pupils (8.3%)", STATED),
    ],
    ("n_left", None): [
        (2, "2/24 pupils (8.3%)", STATED),
    ],
    ("n_dropouts", None): [
        (2, "22 of the 24 pupils stayed", DERIVED),
    ],
    ("graded", None): [
        (False, "homework was not graded", STATED),
        (True, "homework was graded", STATED),
    ],
    ("hours", "h"): [
        (120, "120 h (3 credits)", STATED),
        (3, "120 h (3 credits)", UNSUPPORTED),
    ],
}
