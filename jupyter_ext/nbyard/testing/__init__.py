"""What tests of nbyard and of its plug-ins stand on."""
