"""Features, estimators, split, fit and operating point: from a case table to scored cases."""
