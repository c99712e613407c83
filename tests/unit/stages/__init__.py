"""Pure stages, and the stretch that runs them."""
