"""Storage's commands over HTTP: for the gateway alone, inside the cell."""
