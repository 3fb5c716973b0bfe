"""The studio: a page where a person watches and steers the descent on their own data."""
