"""The tabs of one pipeline, a module each; `registry` has their order."""
