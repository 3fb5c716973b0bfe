"""Pictures of a network and its training: numbers first, in plain arrays, and drawings of them."""
