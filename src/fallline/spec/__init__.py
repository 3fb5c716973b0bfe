"""What the user wants, as frozen plain data: networks and training plans, checked and in JSON."""
