"""What units are called: pint's name of each, and the forms in which papers write it."""

from __future__ import annotations

from collections.abc import Iterator

ALIASES = {
    "degree": ("°", "deg", "degs", "degree", "degrees"),
    "radian": ("rad", "radian", "radians"),
    "millisecond": ("ms", "msec", "millisecond", "milliseconds"),
    "second": ("s", "sec", "secs", "second", "seconds"),
    "minute": ("min", "mins", "minute", "minutes"),
    "hour": ("h", "hr", "hrs", "hour", "hours"),
    "day": ("d", "day", "days"),
    "week": ("week", "weeks"),
    "month": ("month", "months"),
    "year": ("y", "yr", "yrs", "year", "years", "years old"),
    "nanometer": ("nm",),
    "micrometer": ("µm", "μm", "um"),
    "millimeter": ("mm", "millimeters", "millimetres"),
    "centimeter": ("cm", "centimeters", "centimetres"),
    "meter": ("m", "meters", "metres"),
    "kilometer": ("km",),
    "inch": ("in", "inch", "inches"),
    "microgram": ("µg", "μg", "mcg"),
    "milligram": ("mg",),
    "gram": ("g",),
    "kilogram": ("kg",),
    "microliter": ("µL", "μL", "µl", "μl"),
    "milliliter": ("mL", "ml"),
    "liter": ("L", "l"),
    "hertz": ("Hz",),
    "kilohertz": ("kHz",),
    "megahertz": ("MHz",),
    "millivolt": ("mV",),
    "volt": ("V",),
    "milliampere": ("mA",),
    "ampere": ("A",),
    "newton": ("N",),
    "pascal": ("Pa",),
    "kilopascal": ("kPa",),
    "megapascal": ("MPa",),
    "gigapascal": ("GPa",),
    "bar": ("bar",),
    "degree_Celsius": ("°C", "℃", "degrees Celsius", "C"),
    "kelvin": ("K",),
    "degree_Fahrenheit": ("°F", "℉"),
    "percent": ("%", "percent", "per cent"),
    "electron_volt": ("eV",),
    "joule": ("J",),
    "watt": ("W",),
    "milliwatt": ("mW",),
    "millimolar": ("mM",),
    "micromolar": ("µM", "μM"),
}
"""pint's name → what an answer may write for it. What is not here is read by pint itself."""
ALSO_READ = {
    "arcminute": "arcmin arcmins ′", "arcsecond": "arcsec arcsecs", "millisecond": "msecs", "week": "wk wks",
    "month": "mo mos", "year": "yo", "micrometer": "micron microns", "decimeter": "dm", "deciliter": "dL dl",
    "centiliter": "cL cl", "liter": "ℓ", "hectopascal": "hPa", "femtosecond": "fs", "inch": "″ \"",
    "foot": "ft foot feet", "mile": "mi mile miles", "yard": "yd yard yards", "pound": "lb lbs pound pounds",
    "ounce": "oz ounce ounces",
    "angstrom": "Å angstrom angstroms", "permille": "‰", "ppm": "ppm ppmv", "ppb": "ppb ppbv", "mmHg": "mmHg",
    "cmH2O": "cmH2O", "atm": "atm", "torr": "Torr torr", "psi": "psi", "decibel": "dB dBA decibel decibels",
    "revolution/minute": "rpm", "beat/minute": "bpm",
    "beat": "beat beats", "breath": "breath breaths", "revolution": "rev revs revolution revolutions", "IU": "IU",
    "hectare": "ha hectare hectares", "acre": "acre acres", "cubic_centimeter": "cc", "frame/second": "fps",
    "pixel": "px pixel pixels", "tonne": "tonne tonnes", "equivalent": "Eq", "milliequivalent": "mEq",
    "cell": "cell cells", "word": "word words", "centimeter": "cm", "kilogram": "Kg KG kgs kilos", "hertz": "hz",
    "bar": "bars", "lux": "lx lux", "kilometer/hour": "kph kmh", "mile/hour": "mph", "kilodalton": "kD",
    "ampere_hour": "Ah", "milliampere_hour": "mAh", "watt_hour": "Wh", "kilowatt_hour": "kWh",
    "kilobyte": "kB KB kilobytes", "megabyte": "MB megabytes", "gigabyte": "GB gigabytes", "terabyte": "TB terabytes",
    "base_pair": "bp", "kilobase_pair": "kb kbp", "CFU": "CFU cfu", "PFU": "PFU pfu", "U": "U", "percent": "pct",
    "degree_Celsius": "Celsius", "kiloyear": "ka kyr", "megayear": "Ma Myr", "frame": "frame frames",
    "gigayear": "Ga Gyr", "milliarcsecond": "mas", "erg": "erg ergs", "dyne": "dyn", "kilovolt": "kVp",
    "centipoise": "cP", "megabase_pair": "Mb Mbp", "decisiemens": "dS", "centimole": "cmol", "teraelectron_volt": "TeV",
    "terahertz": "THz", "terawatt_hour": "TWh", "femtoliter": "fL", "femtomole": "fmol", "femtogram": "fg",
    "hectoliter": "hL hl", "femtobarn": "fb", "picobarn": "pb", "decibelmilliwatt": "dBm", "oersted": "Oe",
    "kilooersted": "kOe", "kip_per_square_inch": "ksi", "katal": "kat",
    "microkatal": "μkat", "femtomolar": "fM",
}  # fmt: skip
"""pint's name → what is read for it in a text too, but offered to no answer."""
PHRASES = {
    r"per\s?cent(?:age)?(?:\spoints?)?|pp(?![\w.])|p\.p\.(?!\s?[m\d])": "percent",
    r"MPa\s?·?\s?(?:√\s?m|m\^?\{?\(?(?:1/2|0\.5|½)\)?\}?)": "megapascal_root_meter",
    r"dB\s?(?:(?:pe|n)?[SH]L|(?:pe)?SPL|\([ACZ]\))": "decibel",
    r"mm\s?Hg": "mmHg", r"cm\s?H[2₂]O": "cmH2O",
    r"y(?:ea)?rs?[-\s]?(?:olds?|of\s+age)": "year", r"y\.?\s?/?o\.?": "year",
    r"(?:°|deg(?:ree)?s?)\s?(?:C|[Cc]elsius|centigrade)|oC": "degree_Celsius",
    r"(?:°|deg(?:ree)?s?)\s?(?:F|Fahrenheit)": "degree_Fahrenheit", r"arc\s?min(?:ute)?s?": "arcminute",
    r"arc\s?sec(?:ond)?s?": "arcsecond", r"electron\s?volts?": "electron_volt", r"international\s+units?": "IU",
    r"revolutions\s+per\s+minute|r\.p\.m\.?|r/min": "revolution/minute", r"I\.U\.": "IU",
    r"(?:wt|vol|mol|at|w/w|w/v|v/v|[Ee]n|E)\.?\s?%": "percent", r"per\s?mille": "permille",
    r"base\s?pairs?": "base_pair", r"p\.p\.m\.?|parts\s+per\s+million": "ppm",
    r"p\.p\.b\.?|parts\s+per\s+billion": "ppb",
    r"cycles?\s?(?:/|per)\s?s(?:ec(?:ond)?)?": "hertz",
    r"t(?=(?:\s(?:of\s)?[A-Za-z]\w{1,14}){0,2}(?:\s?/\s?(?:ha|yr?|d)(?!\w)|\s?(?:ha|yr?|d)-1|\sper\sha\b|\sper\shectare\b))":
        "tonne",
    r"''": "inch", r"degrees\s+of\s+arc": "degree", r"cal\.?\s?ka": "kiloyear", r"cal\.?\s?y(?:ea)?rs?": "year",
    r"(?:milli|micro|nano|kilo|centi)-(?:seconds?|met(?:er|re)s?|grams?|lit(?:er|re)s?|volts?|amps?)": "",
}  # fmt: skip
"""Patterns of units of several words → pint's name ("": the words joined)."""
_PREFIXES = {"p": "pico", "n": "nano", "μ": "micro", "u": "micro", "m": "milli", "k": "kilo", "M": "mega", "G": "giga"}
_SYMBOLS = {
    "m": "meter", "g": "gram", "s": "second", "A": "ampere", "K": "kelvin", "mol": "mole", "Hz": "hertz",
    "N": "newton", "Pa": "pascal", "J": "joule", "W": "watt", "V": "volt", "Ω": "ohm", "F": "farad", "S": "siemens",
    "T": "tesla", "Bq": "becquerel", "Gy": "gray", "Sv": "sievert", "L": "liter", "l": "liter", "eV": "electron_volt",
    "M": "molar", "cal": "calorie", "bar": "bar", "Da": "dalton", "rad": "radian", "C": "coulomb", "Ohm": "ohm",
    "cd": "candela", "lm": "lumen", "pc": "parsec", "Ci": "curie", "Jy": "jansky",
}  # fmt: skip
_NO_UNITS = frozenset(["F", "pm", "MM", "Ms", "Ml", "Gl", "MT", "GN"])
"""Letters for sexes, times of day, titles."""
PREFIX_NAMES = ("", "pico", "nano", "micro", "milli", "centi", "deci", "kilo", "mega", "giga")
_PREFIXED = (
    "meter second liter gram volt ampere watt hertz newton pascal joule mole molar ohm tesla siemens sievert becquerel"
    " calorie dalton radian kelvin candela"
)
_BRITISH = {"meter": "metre", "liter": "litre", "gram": "gramme", "ampere": "amp"}
_COUNTS = "beat breath IU frame equivalent milliequivalent pixel decibel cell word CFU PFU U"
OPAQUE = frozenset(_COUNTS.split())
"""Kinds of their own, whatever pint says of them."""
_ANGLES = frozenset(
    ["degree", "radian", "milliradian", "microradian", "arcminute", "arcsecond", "revolution", "milliarcsecond"]
)
_SHARES = frozenset(["percent", "permille", "ppm", "ppb"])
_BYTES = frozenset(["kilobyte", "megabyte", "gigabyte", "terabyte"])
_BASES = frozenset(["base_pair", "kilobase_pair", "megabase_pair"])
KINDS = {"angle": _ANGLES, "share": _SHARES, "bytes": _BYTES, "bases": _BASES}
COUNTED_KINDS = OPAQUE | {"bases"}
"""Kinds of units that count things."""
_COUNTED = """point points pp pt count counts dot dots hand hands chain chains rod rods link links grade grades unit
units turn turns barn barns slug slugs cycle cycles stone stones are bit bits B a as at Fr"""
HOMONYMS = frozenset(_COUNTED.split())
"""Words that count or score things in papers, and that pint takes for lengths, masses and so on."""


def _names() -> Iterator[tuple[str, str]]:
    """Each written form of a unit of one word, and pint's name for it."""
    for symbol, base in _SYMBOLS.items():
        yield symbol, base
        for prefix, name in _PREFIXES.items():
            yield prefix + symbol, name + base
    for base in _PREFIXED.split():
        for prefix in PREFIX_NAMES:
            for written in (base, _BRITISH.get(base, base)):
                yield prefix + written, prefix + base
                yield f"{prefix}{written}s", prefix + base
    for table in (ALIASES, {name: forms.split() for name, forms in ALSO_READ.items()}):
        for name, forms in table.items():
            for written in forms:
                yield written.replace("µ", "μ"), name


NAMES = {written: name for written, name in _names() if written not in _NO_UNITS}
