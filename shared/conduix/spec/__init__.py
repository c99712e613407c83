"""The document: YAML in four dialects, loaded into one normal form with diagnostics."""
