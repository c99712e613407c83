"""The functions and methods of the mapping language, one file a family."""
