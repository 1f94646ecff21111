"""One request = one tool call a user may ask for, with its wording, a plausible result and the answer that quotes it."""

from . import actions, lookups, numbers

# family -> function(sampler) -> Request
REQUESTS = {
    "units": numbers.units, "calculator": numbers.calculator, "currency": numbers.currency, "notes": lookups.notes, "clock": lookups.clock,
    "weather": lookups.weather, "inventory": lookups.inventory, "orders": lookups.order, "contacts": lookups.contact, "files": lookups.read_file,
    "messages": actions.message,
}
