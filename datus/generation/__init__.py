"""Question and gathered context in, ranked SQL candidates out."""
