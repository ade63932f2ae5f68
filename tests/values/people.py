"""Quotes as papers on movement, medicine and nursing write them."""

from __future__ import annotations

from tests.values import DERIVED, INFERRED, STATED, UNSUPPORTED, Table

MOVEMENT: Table = {
    ("rotation", "deg"): [
        (30, "a 30-degree CCW rotation", STATED),
        (-45, "rotated by −45° or +45°", STATED),
        (45, "rotated by −45° or +45°", STATED),
        (30, "rotations of 15°, 30°, 45° and 60°", STATED),
        (15, "rotations of 15, 30, 45, and 60°", STATED),
        (7.5, "between ±7.5° and ±15°", STATED),
        (30, "counterclockwise by thirty degrees", STATED),
        (-30, "a \u201130° rotation", STATED),
        (-30, "a \uff0d30° rotation", STATED),
    ],
    ("movement_time", "ms"): [
        (300, "movement times of 300–500 ms", STATED),
        (500, "movement times of 300–500 ms", STATED),
        (500, "within 0.5 s", DERIVED),
        (250, "a quarter of a second", DERIVED),
    ],
    ("distance", "cm"): [
        (10, "targets 5 cm, 10 cm, or 15 cm away", STATED),
        (10, "8 cm (Experiment 1) or 10 cm (Experiment 2) away", STATED),
        (2, "8 cm (Experiment 1) or 10 cm (Experiment 2) away", UNSUPPORTED),
    ],
    ("screen", "in"): [
        (17, "a 17″ display", STATED),
    ],
    ("rate", "Hz"): [
        (1000, "sampled at 1 kHz", DERIVED),
        (1000, "sampled at 1,000 Hz", STATED),
    ],
    ("n_trials", None): [
        (480, "80 trials per block × 6 blocks", DERIVED),
        (320, "the first 40 of 320 trials", STATED),
    ],
    ("n_total", None): [
        (48, "A total of 48 (24 female) right-handed students", STATED),
        (72, "A total of 48 (24 female) right-handed students", UNSUPPORTED),
        (36, "n = 12/group; three groups", DERIVED),
        (12, "Twelve right-handed young adults (6 women)", STATED),
    ],
    ("participants", "participants"): [
        (12, "twelve right-handed young participants", STATED),
    ],
    ("age_mean", "years"): [
        (24.3, "(M = 24.3, SD = 3.2 years)", STATED),
    ],
    ("age_sd", "years"): [
        (3.2, "(M = 24.3, SD = 3.2 years)", STATED),
    ],
    ("viscosity", "N s/m"): [
        (15, "a viscous field of 15 N·s/m", STATED),
        (13, "13 Ns/m", STATED),
        (-13, "−13 N s m−1", STATED),
    ],
    ("torque", "N m"): [
        (0.3, "0.3 N·m", STATED),
        (0.3, "0.3 Nm", STATED),
    ],
    ("speed", "cm/s"): [
        (25, "25–35 cm · s−1", STATED),
    ],
    ("delay", "ms"): [
        (0, "delays of 0, 100 or 200 ms", STATED),
        (1500, "delayed by 1500 (±200) ms", STATED),
        (200, "delayed by 1500 (±200) ms", STATED),
    ],
    ("iti", "s"): [
        (1.5, "an ITI of ~1.5–2 s", STATED),
    ],
    ("cutoff", "Hz"): [
        (4, "a 20-Hz, 4th-order low-pass filter", UNSUPPORTED),
    ],
    ("n_cycles", None): [
        (10, "ten 8-trial cycles", STATED),
    ],
    ("feedback", None): [
        (False, "washout without feedback", STATED),
        (True, "with online feedback", STATED),
        (False, "feedback was not shown", STATED),
    ],
}
TRIALS: Table = {
    ("odds_ratio", None): [
        (1.45, "OR 1.45 (95% CI 1.10–1.92; p = 0.008)", STATED),
    ],
    ("ci_low", None): [
        (1.1, "OR 1.45 (95% CI 1.10–1.92; p = 0.008)", STATED),
        (-4.1, "mean difference −2.3 (95% CI −4.1 to −0.5)", STATED),
    ],
    ("ci_high", None): [
        (1.92, "OR 1.45 (95% CI 1.10–1.92; p = 0.008)", STATED),
        (1.02, "RR = 0·85 [0·71–1·02]", STATED),
        (4.8, "odds ratio of 2.3 (1.1, 4.8)", STATED),
        (-0.5, "mean difference −2.3 (95% CI −4.1 to −0.5)", STATED),
        (0.5, "mean difference −2.3 (95% CI −4.1 to −0.5)", UNSUPPORTED),
    ],
    ("p_value", None): [
        (0.008, "OR 1.45 (95% CI 1.10–1.92; p = 0.008)", STATED),
    ],
    ("level", "%"): [
        (95, "OR 1.45 (95% CI 1.10–1.92; p = 0.008)", STATED),
    ],
    ("hr", None): [
        (0.72, "HR, 0.72; 95% CI, 0.55 to 0.94", STATED),
    ],
    ("rr", None): [
        (0.85, "RR = 0·85 [0·71–1·02]", STATED),
    ],
    ("p", None): [
        (5e-08, "p = 5 × 10−8", STATED),
        (5e-08, "p=5.0E-8", STATED),
        (3.2e-05, "p = 3.2 × 10^−5", STATED),
        (1e-16, "p < 1 × 10–16", STATED),
        (0.001, "P<.001", STATED),
        (0.001, "P<·001", STATED),
        (0.05, "(p > 0.05)", STATED),
    ],
    ("dose", "mg"): [
        (10, "10, 20 and 30 mg", STATED),
        (20, "10, 20 and 30 mg", STATED),
        (10, "10-, 20- and 30-mg doses", STATED),
        (20, "10-, 20- and 30-mg doses", STATED),
    ],
    ("dose", "mg/day"): [
        (200, "100 mg b.i.d.", DERIVED),
        (100, "100 mg q.d.", STATED),
        (100, "100 mg qd", STATED),
        (100, "100 mg once a day", STATED),
        (150, "50 mg three times daily", DERIVED),
        (150, "50 mg three times per day", DERIVED),
        (10, "10 mg per day", STATED),
    ],
    ("dose", "mg/m2"): [
        (75, "75 mg/m2 on day 1 of a 21-day cycle", STATED),
    ],
    ("cycle", "days"): [
        (21, "75 mg/m2 on day 1 of a 21-day cycle", STATED),
    ],
    ("dose", "mg/kg"): [
        (6, "6 mg/kg every 3 weeks (8 mg/kg loading dose)", STATED),
    ],
    ("systolic", "mmHg"): [
        (120, "120/80 mmHg", STATED),
    ],
    ("diastolic", "mmHg"): [
        (80, "120/80 mm Hg", STATED),
    ],
    ("diff", "mmHg"): [
        (-2.3, "mean difference −2.3 mm Hg (95% CI −4.1 to −0.5)", STATED),
    ],
    ("change", "percentage points"): [
        (1.2, "a decrease of 1.2 percentage points", STATED),
    ],
    ("hba1c", "mmol/mol"): [
        (53, "HbA1c of 53 mmol/mol (7.0%)", STATED),
    ],
    ("hba1c", "%"): [
        (7.0, "HbA1c of 53 mmol/mol (7.0%)", STATED),
    ],
    ("n_total", None): [
        (24, "8 men and 16 women", DERIVED),
        (1024, "1,024 patients were randomised: 512 to A and 512 to B", STATED),
        (60, "(n=30/arm, two arms)", DERIVED),
    ],
    ("follow_up", "months"): [
        (12.4, "median 12·4 months (IQR 8·1–16·9)", STATED),
        (8.1, "median 12·4 (8·1–16·9) months", STATED),
        (27, "a follow-up of 2 years and 3 months", DERIVED),
    ],
    ("n_events", None): [
        (5, "5 of 120 (4.2%) patients", STATED),
        (3, "two serious adverse events and one death", DERIVED),
    ],
    ("rate", "%"): [
        (4.2, "5 of 120 (4.2%) patients", STATED),
    ],
    ("n_deaths", None): [
        (0, "no deaths occurred", INFERRED),
        (0, "zero deaths", STATED),
        (1, "two serious adverse events and one death", STATED),
    ],
    ("blinded", None): [
        (False, "open-label (unblinded)", STATED),
        (False, "The assessors were not blinded", STATED),
        (True, "Assessors were blinded to group", STATED),
    ],
    ("creatinine", "µmol/L"): [
        (106, "1.2 mg/dl (106 μmol/l)", STATED),
        (106, "106 μmol per liter", STATED),
    ],
    ("neutrophils", "10^9/L"): [
        (1.5, "1.5 × 10⁹/L", DERIVED),
        (1.5, "1.5 × 10^9/L", DERIVED),
    ],
    ("wait", "weeks"): [
        (4, "for at least 4 weeks", STATED),
    ],
    ("wait", "days"): [
        (3, "within 72 hours", DERIVED),
    ],
    ("dose", "µg"): [
        (100, "100 mcg", STATED),
    ],
    ("n_arm", None): [
        (30, "(n=30/arm, two arms)", STATED),
    ],
    ("ratio", None): [
        (2, "randomised 2:1 to drug or placebo", STATED),
    ],
}
NURSING: Table = {
    ("shift", "h"): [
        (12, "a 12-h shift", STATED),
        (12.5, "12.5-hour shifts", STATED),
    ],
    ("ratio", None): [
        (4, "a nurse-to-patient ratio of 1:4", STATED),
    ],
    ("n_nurses", None): [
        (69, "34.5% (n = 69)", STATED),
        (212, "Two hundred and twelve nurses", STATED),
        (386, "Three hundred eighty-six registered nurses", STATED),
        (86, "Three hundred eighty-six registered nurses", UNSUPPORTED),
        (212, "response rate 68% (212/312)", STATED),
    ],
    ("share", "%"): [
        (34.5, "69 (34.5%)", STATED),
        (10, "1 in 10 nurses", DERIVED),
        (64, "nearly two-thirds (64%)", STATED),
    ],
    ("n_invited", None): [
        (312, "response rate 68% (212/312)", STATED),
    ],
    ("scale_max", None): [
        (5, "a Likert scale of 1–5 (1 = never; 5 = always)", STATED),
    ],
    ("score", None): [
        (3.42, "a mean score of 3.42 ± 0.65", STATED),
    ],
    ("score_sd", None): [
        (0.65, "a mean score of 3.42 ± 0.65", STATED),
    ],
    ("alpha", None): [
        (0.87, "Cronbach's α = .87", STATED),
    ],
    ("n_items", None): [
        (20, "a 20-item questionnaire", STATED),
    ],
    ("duration", "min"): [
        (10, "10-15 minutes", STATED),
        (15, "10-15 minutes", STATED),
    ],
    ("interval", "h"): [
        (2, "turned once every two hours", STATED),
    ],
    ("pain", None): [
        (7, "a pain score of 7/10", STATED),
    ],
    ("pulse", "beats/min"): [
        (72, "a heart rate of 72 bpm", STATED),
    ],
    ("spo2", "%"): [
        (94, "SpO2 94%", STATED),
        (2, "SpO2 94%", UNSUPPORTED),
    ],
    ("bmi", "kg/m2"): [
        (27.4, "27.4 kg/m²", STATED),
        (27.4, "27.4 kg·m−2", STATED),
        (27.4, "BMI (kg/m2) 27.4", STATED),
    ],
    ("catheter", "Fr"): [
        (16, "a 16 Fr catheter", STATED),
    ],
    ("volume", "mL"): [
        (5, "5 ml of 0.9% saline", STATED),
    ],
    ("strength", "%"): [
        (0.9, "5 ml of 0.9% saline", STATED),
    ],
    ("heat", "°C"): [
        (37, "98.6 °F", DERIVED),
    ],
    ("height", "in"): [
        (64, "5 ft 4 in tall", DERIVED),
        (64, "5 feet 4 inches tall", DERIVED),
        (4, "5 ft 4 in tall", UNSUPPORTED),
    ],
    ("height", "cm"): [
        (162.56, "5 ft 4 in tall", DERIVED),
    ],
    ("weight", "lb"): [
        (134.5, "134 lb 8 oz", DERIVED),
    ],
    ("time", "min"): [
        (90, "1 h 30 min", DERIVED),
    ],
    ("time", "h"): [
        (1.5, "1½ hours", STATED),
        (1.5, "one and a half hours", DERIVED),
    ],
    ("n_total", None): [
        (12, "(n =12)", STATED),
        (12, "N=12", STATED),
        (6, "(n=6/group)", STATED),
    ],
    ("drops", "drops/min"): [
        (20, "20 drops per minute", STATED),
    ],
    ("falls", "falls/1000 patient-days"): [
        (3.4, "3.4 falls per 1000 patient-days", STATED),
    ],
    ("restraint", None): [
        (False, "No restraint was used", STATED),
        (False, "restraint was never used", STATED),
    ],
}
