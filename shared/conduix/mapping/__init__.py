"""The mapping language: parsed, checked, compiled to one function a batch; an interpreter beside it."""
