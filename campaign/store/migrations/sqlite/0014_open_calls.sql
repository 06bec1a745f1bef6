-- PostgreSQL's step has settings of its vacuum. SQLite uses freed pages again by itself; it asks for a statement all the same.
SELECT 1;
