// Package store keeps the record in SQL: SQLite by default, PostgreSQL 15 or newer in production, with almost one
// text for both. It is the only package that knows SQL.
//
// Each exported method is one business transaction. What needs a decision takes a plan function, which runs after
// the rows are locked and must be pure. The package decides nothing about when a lead may be called; it holds what
// was decided, and it holds the invariants that only a transaction can hold: one holder a lead (I1), nothing
// acknowledged is lost (I2), caps reserved with the claim (I3), suppressions in force once acknowledged (I5),
// promises closed with a reason (I6), leads conserved (I7).
//
// One global order of locks, so that transactions wait and never die: sessions, subjects, leads, assignments,
// appointments, everything else; each in order of id.
package store
