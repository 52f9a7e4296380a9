"""Writes renderings.json: what Jinja2, set up as transformers does, makes of conversations with templates in use.

python make_renderings.py ../../../shared/chat-templates > renderings.json     (Jinja2 3.1.6 made the file in the repository)
Of each rendering only the beginning of its SHA-256 is kept, or the error.
"""
import hashlib
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "jinja"))
from make_cases import environment

TOOLS = [{"type": "function", "function": {
    "name": "get_weather", "description": "Get the weather in a city. It's \"nice\" <b>& é</b>",
    "parameters": {"type": "object", "properties": {
        "city": {"type": "string", "description": "Name of the city"},
        "days": {"type": "integer", "default": 3, "minimum": 1},
        "unit": {"type": "string", "enum": ["c", "f"]},
        "detailed": {"type": "boolean"}}, "required": ["city"]}}}]
CALLS = [{"id": "call00001", "type": "function", "function": {"name": "get_weather", "arguments": {
    "city": "Zürich", "days": 2, "detailed": True, "factor": 1.5, "list": [1, "a", None, False]}}}]
RESULT = {"role": "tool", "name": "get_weather", "tool_call_id": "call00001", "content": "{\"t\": 20}"}


def user(content):
    return {"role": "user", "content": content}


def assistant(content, **more):
    return {"role": "assistant", "content": content, **more}


def system(content):
    return {"role": "system", "content": content}


CONVERSATIONS = {
    "system": {"messages": [system("You are a helpful assistant."), user("What is 2+2?"), assistant("4"),
                            user("  And é日本 'x' \"y\" <b>?\n")]},
    "no system": {"messages": [user("Hi")]},
    "no prompt": {"messages": [user("Hi"), assistant("<think>\n\nhm\n\n</think>\n\nHello \n")],
                  "add_generation_prompt": False},
    "thoughts in the text": {"messages": [user("Hi"), assistant("\n<think>\n\n  hm \n\n</think>\n\n  Hello"),
                                          user("and?")], "enable_thinking": False},
    "thoughts": {"messages": [user("Hi"), assistant("Hello", reasoning_content="greet back"), user("and?")],
                 "enable_thinking": True},
    "tools": {"messages": [system("Sys"), user("Weather?"), assistant("", tool_calls=CALLS), RESULT, assistant("20."),
                           user("thx")], "tools": TOOLS},
    "a call without text": {"messages": [user("Weather?"), assistant(None, tool_calls=CALLS), RESULT], "tools": TOOLS},
    "parts": {"messages": [user([{"type": "text", "text": "Hello "}, {"type": "text", "text": "you"}])]},
    "documents": {"messages": [user("Hi")], "documents": [{"title": "T", "text": "body text", "doc_id": 1}]},
    "wrong order": {"messages": [assistant("Hello"), user("a"), user("b")]},
}


def rendering(source, conversation):
    variables = {"add_generation_prompt": True, "bos_token": "<BOS>", "eos_token": "<EOS>", "tools": None,
                 "documents": None, **conversation}
    try:
        text = environment().from_string(source).render(**variables)
    except Exception as error:
        return {"error": str(error)}
    return {"sha256": hashlib.sha256(text.encode()).hexdigest()[:16]}


if __name__ == "__main__":
    templates = {}
    for path in sorted(pathlib.Path(sys.argv[1]).glob("*.jinja")):
        source = path.read_text(encoding="utf-8")
        templates[path.name] = {name: rendering(source, value) for name, value in CONVERSATIONS.items()}
    print(json.dumps({"conversations": CONVERSATIONS, "templates": templates}, ensure_ascii=False, indent=1))
