"""The ground between Textual and the terminal: what is decided before it starts, and every byte that goes out."""
