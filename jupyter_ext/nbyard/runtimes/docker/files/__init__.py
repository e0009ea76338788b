"""Files of an attempt: its local folder, their transfer to an engine, and the copied log."""
