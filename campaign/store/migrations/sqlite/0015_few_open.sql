-- PostgreSQL's step is about its planner's statistics. SQLite has none of that; it asks for a statement all the same.
SELECT 1;
