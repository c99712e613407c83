"""Steps of the schema, one module each, run in order; a step that was released is never changed."""
