"""Units of measure and the conversions between them."""

# dimension -> unit -> (factor to the base unit, wordings a user may type; each is also what the tool call carries)
LINEAR = {
    "length": {
        "mm": (0.001, ["mm", "millimetres", "millimeters"]), "cm": (0.01, ["cm", "centimetres", "centimeters"]),
        "m": (1.0, ["m", "metres", "meters"]), "km": (1000.0, ["km", "kilometres", "kilometers", "kms"]),
        "in": (0.0254, ["inches", "inch"]), "ft": (0.3048, ["ft", "feet"]), "yd": (0.9144, ["yd", "yards"]),
        "mi": (1609.344, ["mi", "miles"]), "nmi": (1852.0, ["nautical miles", "nmi"]),
    },
    "mass": {
        "g": (1.0, ["g", "grams"]), "kg": (1000.0, ["kg", "kilograms", "kilos"]), "t": (1e6, ["t", "tonnes", "tons"]),
        "oz": (28.349523, ["oz", "ounces"]), "lb": (453.59237, ["lb", "pounds", "lbs"]), "st": (6350.29318, ["stone", "st"]),
    },
    "volume": {
        "ml": (0.001, ["ml", "millilitres", "milliliters"]), "l": (1.0, ["l", "litres", "liters"]), "gal": (3.785412, ["gal", "gallons"]),
        "pt": (0.473176, ["pints", "pt"]), "cup": (0.24, ["cups"]), "m3": (1000.0, ["cubic metres", "m3"]),
    },
    "speed": {
        "kmh": (1.0, ["km/h", "kmh", "kilometres per hour"]), "mph": (1.609344, ["mph", "miles per hour"]), "kn": (1.852, ["knots", "kn"]),
        "ms": (3.6, ["m/s", "metres per second"]),
    },
    "time": {
        "s": (1.0, ["seconds", "s", "sec"]), "min": (60.0, ["minutes", "min"]), "h": (3600.0, ["hours", "h"]), "d": (86400.0, ["days"]),
        "wk": (604800.0, ["weeks"]),
    },
    "data": {"kb": (1e-3, ["kB", "kilobytes"]), "mb": (1.0, ["MB", "megabytes"]), "gb": (1000.0, ["GB", "gigabytes"]), "tb": (1e6, ["TB", "terabytes"])},
    "area": {"m2": (1.0, ["square metres", "m2", "square meters"]), "ha": (10000.0, ["hectares", "ha"]), "ac": (4046.856, ["acres"]), "ft2": (0.092903, ["square feet", "sq ft"])},
    "energy": {"kj": (1.0, ["kJ", "kilojoules"]), "kcal": (4.184, ["kcal", "calories"]), "kwh": (3600.0, ["kWh", "kilowatt hours"])},
    "pressure": {"bar": (1.0, ["bar"]), "psi": (0.0689476, ["psi"]), "kpa": (0.01, ["kPa"])},
}
TEMPERATURES = {
    "C": ["C", "Celsius", "celsius", "degrees Celsius", "degrees C"], "F": ["F", "Fahrenheit", "fahrenheit", "degrees Fahrenheit", "degrees F"],
    "K": ["K", "Kelvin", "kelvin"],
}
# The pairs people ask for most; the rest are drawn evenly.
COMMON_PAIRS = [("mi", "km"), ("km", "mi"), ("kg", "lb"), ("lb", "kg"), ("m", "ft"), ("ft", "m"), ("cm", "in"), ("in", "cm"), ("l", "gal"),
                ("gal", "l"), ("C", "F"), ("F", "C"), ("kmh", "mph"), ("mph", "kmh"), ("g", "oz"), ("oz", "g")]
UNITS = {unit: spec for units in LINEAR.values() for unit, spec in units.items()}


def wordings(unit):
    return TEMPERATURES[unit] if unit in TEMPERATURES else UNITS[unit][1]


def argument(wording):
    """What the call carries for a wording: the wording itself, without "degrees"."""
    return wording[len("degrees "):] if wording.startswith("degrees ") else wording


def draw_pair(s):
    if s.chance(0.55):
        return s.pick(COMMON_PAIRS)
    units = list(TEMPERATURES) if s.chance(0.12) else list(s.pick(list(LINEAR.values())))
    return tuple(s.rng.sample(units, 2))


def convert(value, source, target):
    if source not in TEMPERATURES:
        return value * UNITS[source][0] / UNITS[target][0]
    celsius = {"C": value, "F": (value - 32) * 5 / 9, "K": value - 273.15}[source]
    return {"C": celsius, "F": celsius * 9 / 5 + 32, "K": celsius + 273.15}[target]
