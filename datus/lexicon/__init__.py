"""What words mean: Chinese names in English, and other forms of English words."""
