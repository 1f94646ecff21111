"""Renders dialogues exactly as `chat_template.jinja` does (`test_format.py` compares the two)."""

import json

TOOLS_HEAD = "Tools you can call:\n<tools>"
TOOLS_TAIL = '\n</tools>\nTo call one, write {"name": its name, "arguments": {its arguments}} inside <tool_call> tags.'
ASSISTANT_HEAD = "<|im_start|>assistant\n"
END = "<|im_end|>"


def to_json(value):
    return json.dumps(value, ensure_ascii=False)


def render_system(system, tools):
    """The first block: system prompt and tool schemas; "" where there is neither."""
    if not system and not tools:
        return ""
    body = system
    if tools:
        body += ("\n\n" if system else "") + TOOLS_HEAD + "".join("\n" + to_json(tool["function"]) for tool in tools) + TOOLS_TAIL
    return f"<|im_start|>system\n{body}{END}\n"


def render_call(call):
    name, arguments = call
    return f'<tool_call>\n{{"name": "{name}", "arguments": {to_json(arguments)}}}\n</tool_call>'


def render_messages(messages):
    """[(text, learned)]: `learned` pieces are what the assistant writes."""
    pieces = []
    for message in messages:
        if message["role"] == "assistant":
            calls = message.get("calls", [])
            body = "\n".join(([message["content"]] if message["content"] else []) + [render_call(call) for call in calls])
            pieces += [(ASSISTANT_HEAD, False), (body + END, True), ("\n", False)]
        elif message["role"] == "tool":
            pieces.append((f"<|im_start|>tool\n<tool_response>\n{message['content']}\n</tool_response>{END}\n", False))
        else:
            pieces.append((f"<|im_start|>{message['role']}\n{message['content']}{END}\n", False))
    return pieces
