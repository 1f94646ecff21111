from dataclasses import dataclass
from typing import Any, Optional


@dataclass
class Request:
    family: str                  # key of a tool family
    arguments: dict              # parameter key -> value
    command: str                 # "convert 3 km to miles": an imperative clause without full stop
    question: str                # "how many miles are 3 km": a question without question mark; "" where there is none
    result: Any                  # what the tool returns: JSON, or a plain string
    answer: str                  # the assistant's sentence about that result
    subject: str = ""            # what an elliptic follow-up would replace ("and in Oslo?")
    value: Optional[float] = None  # the number in the result that a next step may need
