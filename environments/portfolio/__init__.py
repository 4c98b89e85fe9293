"""Markets: price relatives in which portfolios are held, and the best constant mix in hindsight."""
