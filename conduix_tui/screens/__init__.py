"""What one sees: a module a screen. `page` has what they share, `registry` lists them."""
