"""File formats: `kinds` tells a file's kind, `decoding.DECODERS` who decodes it, `refusals` says why it is not read.

A new one: its name and endings in `kinds`, how it begins in `kinds.kind`, a file here with its decoder, and a line in
`DECODERS`; whatever lists the formats for a reader (`refusals.SUPPORTED`) follows by itself, doc-strings do not.
"""
