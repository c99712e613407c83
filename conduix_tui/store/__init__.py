"""What the console knows, without a screen: rows as they stream in, their order and filters, histories, recordings."""
