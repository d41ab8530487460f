"""Replications: the experiments of five papers, repeated on the bundled backbone and public data."""
