"""The families of tools: what a tool of the family may be called, how it may describe itself, which parameters it takes."""

from dataclasses import dataclass
from typing import List, Sequence


@dataclass(frozen=True)
class Parameter:
    key: str
    aliases: Sequence[str]      # the first is the most common one
    type: str
    descriptions: Sequence[str]


@dataclass(frozen=True)
class Family:
    key: str
    names: Sequence[str]
    descriptions: Sequence[str]
    parameters: List[Parameter]


def text(key, aliases, *descriptions):
    return Parameter(key, aliases.split(), "string", descriptions)


def number(key, aliases, *descriptions):
    return Parameter(key, aliases.split(), "number", descriptions)


FAMILY_LIST = [
    Family("units", ["convert_units", "change_units", "translate_units"],
           ["Convert a value between units", "Convert a measurement from one unit to another", "Converts a quantity between units of length, mass, volume, speed or temperature."],
           [number("value", "value", "Number to convert", "The value to convert."), text("from", "from from_unit", "Source unit", "The unit to convert from"),
            text("to", "to to_unit", "Target unit", "The unit to convert to")]),
    Family("calculator", ["calculate", "eval_math", "do_math"],
           ["Evaluate an arithmetic expression", "Do arithmetic", "Calculates the value of an arithmetic expression with + - * / and parentheses."],
           [text("expression", "expression expr", "Arithmetic expression", "The expression, e.g. 2 * (3 + 4)")]),
    Family("notes", ["search_notes", "find_notes", "lookup_notes"],
           ["Search the user's notes", "Full text search in notes", "Searches the local notes and returns the matching ones."],
           [text("query", "query search", "Search words", "Words to look for")]),
    Family("clock", ["get_time", "check_time", "find_time"],
           ["Get the local time in a city", "Current time in a place", "Returns the current local time of a city."],
           [text("city", "city place", "City name", "The city, e.g. Oslo")]),
    Family("weather", ["get_weather", "check_weather", "read_weather"],
           ["Get the current weather for a city", "Current weather in a place", "Returns temperature and sky for a city."],
           [text("city", "city place", "City name", "The city, e.g. Oslo")]),
    Family("inventory", ["check_stock", "get_stock", "count_stock"],
           ["Check how many units of a product are in stock", "Get the stock level of a product", "Looks up the inventory of an item."],
           [text("product", "product item", "Product name", "The item to look up")]),
    Family("currency", ["convert_currency", "exchange_currency", "change_currency"],
           ["Convert money between currencies", "Exchange an amount into another currency", "Converts an amount of money at today's rate."],
           [number("amount", "amount", "Amount of money", "How much money"), text("from", "from from_currency", "Source currency code", "Currency of the amount, e.g. EUR"),
            text("to", "to to_currency", "Target currency code", "Wanted currency, e.g. USD")]),
    Family("orders", ["lookup_order", "get_order", "check_order"],
           ["Look up an order by id", "Get status, item and total of an order", "Returns the details of an order."],
           [text("order", "order_id order", "Order id", "The order number")]),
    Family("contacts", ["get_contact", "find_contact", "lookup_contact"],
           ["Find a person in the address book", "Get email and phone of a person", "Looks up a contact by name."],
           [text("name", "name person", "Name of the person", "Who to look up")]),
    Family("messages", ["send_message", "write_message", "post_message"],
           ["Send a message to a person", "Send a text message", "Sends a short message to somebody."],
           [text("to", "to recipient", "Name or address of the recipient", "Who gets the message"), text("text", "text body", "Message text", "What to send")]),
    Family("files", ["read_file", "open_file", "load_file"],
           ["Read a text file", "Return the contents of a file", "Reads a file and returns its text."],
           [text("path", "path file", "Path of the file", "Which file")]),
]

FAMILIES = {family.key: family for family in FAMILY_LIST}
