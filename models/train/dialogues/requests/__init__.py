"""One request = one tool call a user may ask for, with its wording, a plausible result and the answer that quotes it."""

from . import actions, lookups, numbers

# family -> function(sampler) -> Request
REQUESTS = {
    "units": lambda s: numbers.units(s)[0], "calculator": lambda s: numbers.calculator(s)[0], "currency": lambda s: numbers.currency(s)[0],
    "notes": lookups.notes, "clock": lookups.clock, "weather": lambda s: lookups.weather(s)[0], "inventory": lambda s: lookups.inventory(s)[0], "orders": lookups.order,
    "contacts": lookups.contact, "files": lookups.read_file,
    "messages": actions.message,
}
