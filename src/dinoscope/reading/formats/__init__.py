"""File formats: one room for what Pillow decodes, one for DICOM, one for the sentences when neither can."""
