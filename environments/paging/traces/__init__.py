"""Request sequences from files: formats, compression, binary traces of any length, published traces by name."""
