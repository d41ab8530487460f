"""Batch: many pictures at once - out of a folder or an archive, in order, read, summed up, and fitted on."""
