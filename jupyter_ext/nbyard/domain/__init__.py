"""What things are. Pure: structs and functions, no input or output."""
