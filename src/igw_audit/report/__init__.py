"""From a record to a self-contained page that people read, in Dutch and English."""
