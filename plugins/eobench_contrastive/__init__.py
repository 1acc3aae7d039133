"""Contrastive pre-training of encoders of single dates, with one sensor or two. Light: cards only."""
