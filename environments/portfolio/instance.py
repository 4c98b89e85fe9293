"""What the analysis may know of a market."""

from bandits.portfolio.theory import PortfolioInstance

__all__ = ["PortfolioInstance"]
