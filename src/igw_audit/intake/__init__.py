"""Files, frames and lazy relations into a case table; groups from the protected table; synthetic pilots."""
