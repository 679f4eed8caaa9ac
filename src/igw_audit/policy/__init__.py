"""Rules, their loading, and the three-way decision."""
