"""The SDK: what every Vantage service and every outside detector imports."""
