"""The table on the terminal, the JSON file and the picture."""
