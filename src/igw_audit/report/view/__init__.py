"""From a record to what each section of the page says: plain values, ready for a template."""
