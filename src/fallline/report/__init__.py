"""A model on one page: its numbers, pictures and rule, and how to make it again."""
