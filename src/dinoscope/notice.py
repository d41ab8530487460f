"""Notice: the one sentence that stands on every page, in every export but a bare array, and in every API answer.

Doc-strings of the API (`ui/*_api.py`, `ui/api.py`) repeat it for MCP; a test holds them to it.
"""

NOTICE = "Research demo. Not a medical device; do not use for diagnosis."
