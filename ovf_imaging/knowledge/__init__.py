"""What clinicians change: tables and rules as TOML, each entry with its source, and the loaders that check them."""
