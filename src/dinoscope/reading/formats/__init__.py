"""File formats: `decoding.py` says which room decodes which kind; `kinds` tells the kind, `refusals` says why not."""
