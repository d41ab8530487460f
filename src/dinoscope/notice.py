"""Notice: the one sentence that stands on every page and in every export."""

NOTICE = "Research demo. Not a medical device; do not use for diagnosis."
