"""Quotes as papers on materials and chemistry write them."""

from __future__ import annotations

from tests.values import DERIVED, STATED, UNSUPPORTED, Table

MATERIALS: Table = {
    ("conductivity", "S/cm"): [
        (0.0015, "1.5 × 10−3 S cm−1", STATED),
        (0.0015, "1.5×10-3 S/cm", STATED),
        (0.0015, "(1.5 ± 0.2) × 10^-3 S cm^-1", STATED),
        (1.5, "1.5×10-3 S/cm", UNSUPPORTED),
    ],
    ("strength", "MPa"): [
        (350, "350 N/mm²", STATED),
        (350, "σ = 350 MPa", STATED),
    ],
    ("rate", "°C/min"): [
        (5, "annealed at 450 °C for 2 h at 5 °C/min", STATED),
        (10, "a heating rate of 10 °C·min⁻¹", STATED),
    ],
    ("rate", "K/min"): [
        (10, "a heating rate of 10 K min−1", STATED),
    ],
    ("hold", "h"): [
        (2, "annealed at 450 °C for 2 h at 5 °C/min", STATED),
    ],
    ("drop", "K"): [
        (15, "ΔT = 15 K", STATED),
    ],
    ("grain", "nm"): [
        (45, "grains of 45 ± 5 nm", STATED),
    ],
    ("grain_sd", "nm"): [
        (5, "grains of 45 ± 5 nm", STATED),
    ],
    ("al", "%"): [
        (6, "Ti–6Al–4V", UNSUPPORTED),
    ],
    ("al", "wt%"): [
        (6, "Ti–6 wt% Al", STATED),
    ],
    ("x", None): [
        (0.3, "Al0.3Ga0.7As", UNSUPPORTED),
    ],
    ("thickness", "nm"): [
        (5, "100 nm (Au)/5 nm (Ti)", STATED),
    ],
    ("angle", "deg"): [
        (20, "2θ = 20–80°", STATED),
        (2, "2θ = 20–80°", UNSUPPORTED),
    ],
    ("wavelength", "Å"): [
        (1.5406, "Cu Kα, λ = 1.5406 Å", STATED),
    ],
    ("hardness", "HV"): [
        (720, "7.2 GPa (~720 HV)", STATED),
    ],
    ("density", "g/cm3"): [
        (7.85, "7.85 g·cm⁻³", STATED),
        (7.85, "7850 kg/m3", DERIVED),
    ],
    ("porosity", "%"): [
        (12.5, "12.5 vol.%", STATED),
    ],
    ("gap", "eV"): [
        (4.2, "a 4.2-eV band gap", STATED),
    ],
    ("pressure", "mbar"): [
        (1e-06, "10−6 mbar", STATED),
    ],
    ("pressure", "Torr"): [
        (5e-06, "5 × 10−6 Torr", STATED),
    ],
    ("concentration", "mol/L"): [
        (0.1, "0.1 M", STATED),
        (0.1, "0.1 mol/dm3", STATED),
    ],
    ("concentration", "M"): [
        (0.1, "0.1 mol L⁻¹", STATED),
    ],
    ("current", "mA/cm2"): [
        (3.7, "3.7 mA cm−2", STATED),
    ],
    ("retention", "%"): [
        (92.3, "92.3% after 500 cycles", STATED),
    ],
    ("n_cycles", None): [
        (500, "92.3% after 500 cycles", STATED),
    ],
    ("heat", "°C"): [
        (1200, "sintered at 1 200 °C", STATED),
        (1200, "sintered at 1473.15 K", DERIVED),
        (600, "from 600 to 900 °C in steps of 50 °C", STATED),
        (-196, "−196 °C", STATED),
    ],
    ("roughness", "µm"): [
        (0.8, "Ra of 0.8 µm", STATED),
    ],
    ("strain", "1/s"): [
        (0.001, "a strain rate of 10−3 s−1", STATED),
        (0.001, "a strain rate of 0.001/s", STATED),
    ],
    ("modulus", "GPa"): [
        (210, "210GPa", STATED),
    ],
    ("viscosity", "Pa s"): [
        (0.5, "0.5 Pa·s", STATED),
    ],
    ("load", "N"): [
        (9.81, "HV1 (9.81 N)", STATED),
    ],
    ("flow", "sccm"): [
        (20, "20 sccm of Ar", STATED),
    ],
    ("field", "kV/cm"): [
        (12, "12 kV cm−1", STATED),
    ],
}
CHEMISTRY: Table = {
    ("yield", "%"): [
        (87, "87 % yield", STATED),
    ],
    ("mp", "°C"): [
        (123, "mp 123–125 °C", STATED),
    ],
    ("freq", "MHz"): [
        (400, "1H NMR (400 MHz, CDCl3) δ 7.26 (s, 1H)", STATED),
        (1, "1H NMR (400 MHz, CDCl3)", UNSUPPORTED),
    ],
    ("j", "Hz"): [
        (6.8, "1.01 (d, J = 6.8 Hz, 6H)", STATED),
    ],
    ("equiv", "equiv"): [
        (2, "2.0 equiv of base", STATED),
    ],
    ("heat", "°C"): [
        (0, "stirred at 0 °C for 30 min, then at rt for 12 h", STATED),
        (-78, "–78 °C", STATED),
        (-78, "at \u201178 °C", STATED),
        (-78, "cooled to -78 °C", STATED),
        (78, "cooled to −78 °C", UNSUPPORTED),
    ],
    ("time", "h"): [
        (12, "stirred at 0 °C for 30 min, then at rt for 12 h", STATED),
        (16, "stirred overnight (16 h)", STATED),
    ],
    ("pka", None): [
        (4.76, "pKa 4.76", STATED),
    ],
    ("dh", "kJ/mol"): [
        (-45.2, "ΔH = −45.2 kJ/mol", STATED),
    ],
    ("dg", "kcal/mol"): [
        (22.4, "ΔG‡ = 22.4 kcal mol−1", STATED),
    ],
    ("k", "1/M/s"): [
        (32000.0, "k = 3.2 × 10⁴ M⁻¹ s⁻¹", STATED),
    ],
    ("logp", None): [
        (2.45, "log P = 2.45", STATED),
    ],
    ("ic50", "nM"): [
        (3.4, "IC50 = 3.4 nM", STATED),
        (50, "IC50 = 3.4 nM", UNSUPPORTED),
        (3400, "IC50 of 3.4 ± 0.3 µM", DERIVED),
    ],
    ("epsilon", "1/M/cm"): [
        (12400, "λmax 254 nm (ε 12,400 M−1 cm−1)", STATED),
    ],
    ("lambda", "nm"): [
        (254, "λmax 254 nm (ε 12,400 M−1 cm−1)", STATED),
    ],
    ("mass", "g"): [
        (5, "5.00 g (27.3 mmol, 1.0 equiv)", STATED),
    ],
    ("amount", "mmol"): [
        (27.3, "5.00 g (27.3 mmol, 1.0 equiv)", STATED),
    ],
    ("volume", "mL"): [
        (10, "extracted with EtOAc (3 × 10 mL)", STATED),
        (30, "extracted with EtOAc (3 × 10 mL)", DERIVED),
        (10, "extracted with EtOAc (10 mL × 3)", STATED),
        (3, "extracted with EtOAc (10 mL × 3)", UNSUPPORTED),
    ],
    ("ph", None): [
        (7.4, "pH=7.4", STATED),
        (2, "pH < 2", STATED),
    ],
    ("mw", "Da"): [
        (18000, "18 kDa", DERIVED),
    ],
    ("mw", "g/mol"): [
        (18000, "18,000 g mol−1", STATED),
    ],
    ("volume", "µL"): [
        (10, "10 uL", STATED),
        (10, "10 ul", STATED),
    ],
    ("rt", "°C"): [
        (25, "room temperature (25 ± 2 °C)", STATED),
    ],
    ("acid", "%"): [
        (98, "H2SO4 (98%)", STATED),
        (4, "H2SO4 (98%)", UNSUPPORTED),
    ],
    ("log_cfu", "log CFU/g"): [
        (6.3, "6.3 log CFU/g", STATED),
    ],
    ("ratio", None): [
        (4, "hexane/EtOAc 4:1", STATED),
    ],
    ("oxygen", None): [
        (False, "in the absence of oxygen", STATED),
    ],
    ("conc", "ppm"): [
        (50, "50 mg/L (50 ppm)", STATED),
    ],
}
