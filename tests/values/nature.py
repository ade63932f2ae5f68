"""Quotes as papers on ecology, farming and physics write them."""

from __future__ import annotations

from tests.values import DERIVED, INFERRED, STATED, UNSUPPORTED, Table

ECOLOGY: Table = {
    ("animals", "animals"): [
        (24, "24 healthy animals", STATED),
    ],
    ("n_animals", None): [
        (24, "24 healthy animals", STATED),
    ],
    ("n_adults", "adults"): [
        (12, "twelve right-handed young adults", STATED),
    ],
    ("area", "m2"): [
        (12000, "12\u2009000 m2", STATED),
    ],
    ("elevation", "m"): [
        (300, "300–450 m a.s.l.", STATED),
        (2300, "2,300 m asl", STATED),
    ],
    ("density", "individuals/m2"): [
        (12, "12 individuals per m2", STATED),
        (12, "12 individuals m−2", STATED),
    ],
    ("side", "m"): [
        (10, "10 × 10 m plots", STATED),
    ],
    ("year", None): [
        (2014, "from May to September 2014", STATED),
    ],
    ("transect", "m"): [
        (100, "every 10 m along a 100-m transect", STATED),
    ],
    ("rain", "mm/yr"): [
        (650, "650 mm yr−1", STATED),
        (650, "650 mm per year", STATED),
        (650, "an annual rainfall of 650 mm", UNSUPPORTED),
    ],
    ("tmin", "°C"): [
        (-3.2, "−3.2 to 28.5 °C", STATED),
        (-3.2, "-3.2°C – 28.5°C", STATED),
    ],
    ("tmax", "°C"): [
        (28.5, "-3.2°C – 28.5°C", STATED),
    ],
    ("ph", None): [
        (4.5, "pH 4.5–5.2", STATED),
    ],
    ("salinity", "‰"): [
        (35, "a salinity of 35 ‰", STATED),
    ],
    ("salinity", "psu"): [
        (35, "a salinity of 35 psu", STATED),
    ],
    ("n_birds", None): [
        (80, "42 adult females and 38 males", DERIVED),
        (6, "Six (three males, three females) captive wolves", STATED),
        (12, "Six (three males, three females) captive wolves", UNSUPPORTED),
    ],
    ("n_nests", None): [
        (40, "one-third of the 120 nests", DERIVED),
        (80, "two thirds of the 120 nests", DERIVED),
    ],
    ("n_quadrats", None): [
        (20, "twenty 1-m2 quadrats", STATED),
    ],
    ("quadrat", "m2"): [
        (1, "twenty 1-m2 quadrats", STATED),
    ],
    ("area", "km2"): [
        (1200, "ca. 1200 km²", STATED),
        (1200, "~1200 km^2", STATED),
    ],
    ("depth", "cm"): [
        (20, "0–10, 10–20 and 20–30 cm", STATED),
        (0, "0–10, 10–20 and 20–30 cm", STATED),
    ],
    ("cpue", "fish/h"): [
        (0.35, "0.35 fish h−1", STATED),
        (0.35, "0.35 fish per hour", STATED),
    ],
    ("wingspan", "cm"): [
        (25, "a wing span of 250 mm", DERIVED),
    ],
    ("n_species", None): [
        (17, "17 species", STATED),
        (17, "seventeen endemic plant species", STATED),
    ],
    ("n_traps", None): [
        (0, "No traps were set", INFERRED),
    ],
    ("cover", "%"): [
        (5, "<5% cover", STATED),
    ],
    ("weight", "g"): [
        (12.5, "body mass: 12.5 g ± 0.8 SE", STATED),
    ],
    ("weight_se", "g"): [
        (0.8, "body mass: 12.5 g ± 0.8 SE", STATED),
    ],
    ("n_sites", None): [
        (12, "12 May 2014", UNSUPPORTED),
    ],
}
FARMING: Table = {
    ("n_rate", "kg/ha/yr"): [
        (100, "100 kg N and 50 kg P per hectare and year", STATED),
    ],
    ("p_rate", "kg/ha/yr"): [
        (50, "100 kg N and 50 kg P per hectare and year", STATED),
    ],
    ("n_rate", "kg/ha"): [
        (100, "100 kg N and 50 kg P ha−1", STATED),
        (100, "100 kg N, 50 kg P and 80 kg K ha−1", STATED),
        (60, "60 kg N ha−1 and 30 kg P2O5 ha−1", STATED),
        (0, "N at 0, 60, 120 and 180 kg ha–1", STATED),
        (120, "120:60:40 kg N:P2O5:K2O ha−1", STATED),
        (120, "120 kg N and 60 kg P2O5 per ha", STATED),
        (120, "120 kg of nitrogen and 60 kg of phosphorus per hectare", STATED),
        (120, "120 kg of nitrogen and 60 kg of phosphorus ha-1", STATED),
    ],
    ("p_rate", "kg/ha"): [
        (50, "100 kg N and 50 kg P ha−1", STATED),
        (50, "100 kg N, 50 kg P and 80 kg K ha−1", STATED),
        (30, "60 kg N ha−1 and 30 kg P2O5 ha−1", STATED),
        (5, "60 kg N ha−1 and 30 kg P2O5 ha−1", UNSUPPORTED),
    ],
    ("seed", "kg/ha"): [
        (120, "120 kg of seed was sown per plot; 60 kg N per ha", UNSUPPORTED),
    ],
    ("yield", "t/ha"): [
        (5.2, "5.2 t/ha", STATED),
        (5.2, "5.2 Mg ha−1", STATED),
        (5.2, "grain yield (t ha−1): 5.2", STATED),
    ],
    ("yield", "kg/ha"): [
        (5200, "5.2 t ha-1", DERIVED),
    ],
    ("row", "cm"): [
        (75, "75 cm × 25 cm spacing", STATED),
    ],
    ("plant", "cm"): [
        (25, "75 × 25 cm spacing", STATED),
    ],
    ("p", "mg/kg"): [
        (30, "30 mg kg−1 soil", STATED),
    ],
    ("plants", "plants/ha"): [
        (80000, "80,000 plants ha−1", STATED),
        (80000, "80\u202f000 plants per hectare", STATED),
    ],
    ("moisture", "%"): [
        (12.5, "at 12.5% (w/w)", STATED),
    ],
    ("time", "d"): [
        (45, "45 days after sowing (DAS)", STATED),
    ],
    ("clay", "%"): [
        (24, "clay, silt and sand of 24, 36 and 40%, respectively", STATED),
    ],
    ("ec", "dS/m"): [
        (1.2, "1.2 dS m−1", STATED),
    ],
    ("years", "years"): [
        (3, "a 3-year experiment (2011–2013)", STATED),
    ],
    ("year", None): [
        (2011, "a 3-year experiment (2011–2013)", STATED),
    ],
    ("n_years", None): [
        (2, "2011–2013", UNSUPPORTED),
    ],
    ("water", "mm"): [
        (25, "irrigated with 25 mm every 7 d", STATED),
    ],
    ("water", "L/tree/week"): [
        (10, "10 L per tree per week", STATED),
    ],
    ("spray", "g/L"): [
        (2, "2 g per litre", STATED),
    ],
    ("agronomic_efficiency", "kg/kg"): [
        (15, "15 kg grain per kg N", STATED),
    ],
    ("n_cows", None): [
        (32, "Thirty-two lactating Holstein cows", STATED),
        (48, "six blocks of eight cows", DERIVED),
    ],
    ("weight", "kg"): [
        (612, "a body weight of 612 (SD 48) kg", STATED),
    ],
    ("weight_sd", "kg"): [
        (48, "a body weight of 612 (SD 48) kg", STATED),
    ],
    ("feed", "g/d"): [
        (500, "500 g feed per day", STATED),
    ],
    ("tilled", None): [
        (False, "The soil was not tilled", STATED),
    ],
    ("irrigated", None): [
        (False, "non-irrigated plots", STATED),
        (True, "irrigated plots", STATED),
    ],
    ("organic", "%"): [
        (1.8, "1.8 % organic C", STATED),
    ],
}
PHYSICS: Table = {
    ("charge", "C"): [
        (1.6e-19, "1.6 × 10^{-19} C", STATED),
        (1.602176634e-19, "1.602176634 × 10⁻¹⁹ C", STATED),
    ],
    ("sig", None): [
        (5.2, "a 5.2σ excess", STATED),
    ],
    ("z", None): [
        (2, "redshifts z ~ 2–3", STATED),
    ],
    ("h0", "km/s/Mpc"): [
        (67.4, "H0 = 67.4 ± 0.5 km s−1 Mpc−1", STATED),
        (0, "H0 = 67.4 ± 0.5 km s−1 Mpc−1", UNSUPPORTED),
    ],
    ("h0_err", "km/s/Mpc"): [
        (0.5, "H0 = 67.4 ± 0.5 km s−1 Mpc−1", STATED),
    ],
    ("energy", "TeV"): [
        (13, "√s = 13 TeV", STATED),
    ],
    ("heat", "K"): [
        (4.2, "at 4.2 K", STATED),
    ],
    ("mass", "GeV"): [
        (8.3, "8.3 ± 0.2 (stat.) ± 0.4 (syst.) GeV", STATED),
        (125.09, "125.09 ± 0.21 ± 0.11 GeV", STATED),
    ],
    ("stat", "GeV"): [
        (0.2, "8.3 ± 0.2 (stat.) ± 0.4 (syst.) GeV", STATED),
    ],
    ("syst", "GeV"): [
        (0.4, "8.3 ± 0.2 (stat.) ± 0.4 (syst.) GeV", STATED),
    ],
    ("wavelength", "nm"): [
        (1550, "1\u2009550 nm", STATED),
    ],
    ("energy", "keV"): [
        (3, "3.0+0.5−0.3 keV", STATED),
    ],
    ("life", "ns"): [
        (2.5, "2.5(1) ns", STATED),
    ],
    ("slope", None): [
        (-0.00012, "a slope of −1.2 × 10−4", STATED),
        (0.00012, "a slope of −1.2 × 10−4", UNSUPPORTED),
    ],
    ("power", "W"): [
        (0.0003, "300 µW", DERIVED),
    ],
    ("n_photons", None): [
        (1000000.0, "10⁶ photons", STATED),
        (1000000.0, "one million photons", STATED),
    ],
    ("band", "keV"): [
        (0.5, "0.5–10 keV", STATED),
    ],
    ("angle", "mrad"): [
        (2.5, "2.5 mrad", STATED),
    ],
    ("angle", "deg"): [
        (90, "π/2", UNSUPPORTED),
    ],
    ("speed", "m/s"): [
        (300000000.0, "3 × 10^8 m/s", STATED),
    ],
    ("resistance", "Ω"): [
        (50, "50 Ω", STATED),
        (50, "50-ohm termination", STATED),
    ],
    ("resistivity", "Ω cm"): [
        (0.0001, "10−4 Ω cm", STATED),
    ],
    ("resistivity", "Ω m"): [
        (1e-06, "10⁻⁶ Ω·m", STATED),
    ],
    ("flux", "1/cm2/s"): [
        (10000000000.0, "10^10 cm−2 s−1", STATED),
    ],
    ("lumi", "1/fb"): [
        (139, "139 fb−1", STATED),
    ],
    ("gain", "dB"): [
        (20, "20-dB gain", STATED),
    ],
    ("power", "dBm"): [
        (-10, "−10 dBm", STATED),
    ],
    ("count", "counts/s"): [
        (120, "120 counts/s", STATED),
    ],
    ("duty", "%"): [
        (50, "a 50% duty cycle", STATED),
    ],
    ("time", "fs"): [
        (100, "100-fs pulses", STATED),
    ],
    ("time", "ps"): [
        (0.1, "100-fs pulses", DERIVED),
    ],
}
