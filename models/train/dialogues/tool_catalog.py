"""The hand-made tool families: what a tool of the family may be called, how it may describe itself, which parameters it takes.

`names_held` and `descriptions_held` appear only in evaluation. A parameter's first alias is the most common one.
"""

from dataclasses import dataclass
from typing import List, Sequence


@dataclass(frozen=True)
class Parameter:
    key: str
    aliases: Sequence[str]
    type: str
    descriptions: Sequence[str]
    enum: Sequence[str] = ()
    optional: bool = False


@dataclass(frozen=True)
class Family:
    key: str
    names: Sequence[str]
    names_held: Sequence[str]
    descriptions: Sequence[str]
    descriptions_held: Sequence[str]
    parameters: List[Parameter]


def text(key, aliases, *descriptions, **options):
    return Parameter(key, aliases.split(), "string", descriptions, **options)


def number(key, aliases, *descriptions, **options):
    return Parameter(key, aliases.split(), "number", descriptions, **options)


FAMILY_LIST = [
    Family("units", ["convert_units", "unit_convert", "convert_measure", "unit_converter", "convert"], ["units", "convert_quantity"],
           ["Convert a value between units", "Convert a measurement from one unit to another",
            "Converts a quantity between units of length, mass, volume, speed or temperature.", "Convert a number from one unit of measure to another unit."],
           ["Unit conversion for measures.", "Turn a measurement into another unit"],
           [number("value", "value amount quantity number", "Number to convert", "The value to convert.", "How much to convert"),
            text("from", "from from_unit source_unit unit_from", "Source unit", "Unit of the value, e.g. miles", "The unit to convert from"),
            text("to", "to to_unit target_unit unit_to", "Target unit", "Wanted unit, e.g. km", "The unit to convert to")]),
    Family("calculator", ["calculate", "calculator", "eval_math", "evaluate", "do_math"], ["compute", "arithmetic"],
           ["Evaluate an arithmetic expression", "Do arithmetic", "Calculates the value of an arithmetic expression with + - * / and parentheses.",
            "Evaluate a math expression and return the number."],
           ["Work out an arithmetic expression exactly.", "A calculator"],
           [text("expression", "expression expr formula input", "Arithmetic expression", "The expression, e.g. 2 * (3 + 4)", "Expression to evaluate")]),
    Family("notes", ["search_notes", "find_notes", "notes_search", "lookup_notes", "search_my_notes"], ["query_notes", "notes"],
           ["Search the user's notes", "Full text search in notes", "Searches the local notes and returns the matching ones.",
            "Find notes that mention the given words.", "Search the notes folder for a phrase."],
           ["Look through saved notes", "Return notes about a subject."],
           [text("query", "query q search text", "Search words", "Words to look for", "What to search for"),
            number("limit", "limit max_results", "Most notes to return", "Maximum number of hits", optional=True)]),
    Family("clock", ["get_time", "local_time", "current_time", "time_now", "get_local_time"], ["time_in_city", "clock"],
           ["Get the local time in a city", "Current time in a place", "Returns the current local time of a city.", "Tell what time it is somewhere."],
           ["World clock", "What time it is in the given city."],
           [text("city", "city location place", "City name", "The city, e.g. Oslo", "Name of the city")]),
    Family("weather", ["get_weather", "weather", "current_weather", "check_weather", "weather_report"], ["fetch_weather", "weather_now"],
           ["Get the current weather for a city", "Current weather in a place", "Returns temperature and sky for a city.", "Look up the weather of a location."],
           ["Weather service", "Tells temperature and conditions in a city."],
           [text("city", "city location place", "City name", "The city, e.g. Oslo", "Name of the city"),
            text("unit", "unit units", "Temperature unit", "celsius or fahrenheit", enum=("celsius", "fahrenheit"), optional=True)]),
    Family("inventory", ["check_stock", "stock_level", "check_inventory", "get_stock", "inventory_lookup"], ["inventory", "in_stock"],
           ["Check how many units of a product are in stock", "Get the stock level of a product", "Looks up the inventory of an item.",
            "How many pieces of an item the warehouse has."],
           ["Warehouse inventory", "Count a product in the warehouse."],
           [text("product", "product item name", "Product name", "The item to look up", "Name of the product")]),
    Family("currency", ["convert_currency", "currency", "exchange", "currency_exchange"], ["fx_convert", "money_convert"],
           ["Convert money between currencies", "Exchange an amount into another currency", "Converts an amount of money at today's rate."],
           ["Foreign exchange", "Change money into another currency."],
           [number("amount", "amount value sum", "Amount of money", "How much money"),
            text("from", "from from_currency source", "Source currency code", "Currency of the amount, e.g. EUR"),
            text("to", "to to_currency target", "Target currency code", "Wanted currency, e.g. USD")]),
    Family("orders", ["lookup_order", "get_order", "order_status", "order_details"], ["find_order", "show_order"],
           ["Look up an order by id", "Get status, item and total of an order", "Returns the details of an order."],
           ["Order information", "Fetch one order of the shop."],
           [text("order", "order_id id order number", "Order id", "Identifier of the order", "The order number")]),
    Family("contacts", ["get_contact", "find_contact", "lookup_contact", "search_contacts"], ["lookup_person", "contact_info"],
           ["Find a person in the address book", "Get email and phone of a person", "Looks up a contact by name."],
           ["Address book", "Contact details of somebody."],
           [text("name", "name person contact", "Name of the person", "Who to look up")]),
    Family("messages", ["send_message", "send_text", "message", "send_note"], ["notify_person", "text_person"],
           ["Send a message to a person", "Send a text message", "Sends a short message to somebody."],
           ["Messaging", "Deliver a message to a recipient."],
           [text("to", "to recipient receiver", "Name or address of the recipient", "Who gets the message"), text("text", "text body message content", "Message text", "What to send")]),
    Family("files", ["read_file", "open_file", "load_file", "get_file"], ["cat_file", "view_file"],
           ["Read a text file", "Return the contents of a file", "Reads a file and returns its text."],
           ["File reader", "Show what a file contains."],
           [text("path", "path file file_path", "Path of the file", "Which file")]),
]

FAMILIES = {family.key: family for family in FAMILY_LIST}
