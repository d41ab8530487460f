"""Drawn cases beside real ones: what tells them apart, and the numbers of the acquisition that bring them together."""
