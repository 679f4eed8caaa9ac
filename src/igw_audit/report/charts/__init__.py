"""Charts drawn by hand as SVG: quick, the same bytes each time, and readable without script."""
