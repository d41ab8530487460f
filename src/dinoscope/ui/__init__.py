"""The page: widgets wired to the workbench."""
