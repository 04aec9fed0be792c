"""Other plans near those that were read: each edit changes one thing that questions leave open."""
