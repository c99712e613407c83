"""The compiler, held against the interpreter."""
