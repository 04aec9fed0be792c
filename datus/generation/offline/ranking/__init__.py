"""Which of the candidate plans is meant: weights learned from questions with reference SQL."""
