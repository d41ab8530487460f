"""See: what the network tells apart, without any label - features as colours, and places that it holds for alike."""
