"""Fitting: labelled pictures -> a task of the app: its head, case vectors, scope and search index."""
