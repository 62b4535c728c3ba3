"""Long runs whose results are stored beside the course: made again by ``make experiments``."""
