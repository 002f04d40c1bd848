"""How an acquirer speaks ISO 8583: TOML files, loaded, checked, compiled and imported; DE numbers stay here."""
