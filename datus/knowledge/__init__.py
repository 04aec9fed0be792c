"""What is known of a namespace's databases: their schema and their values."""
