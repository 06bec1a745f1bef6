// Package chaos proves by real faults that redial loses nothing it acknowledged and does nothing it forbids. It is
// tests alone: they run dialerd processes on real servers, let agents, a CRM and a manager work over the API while
// processes are killed and hung and servers stopped, cut off and slowed down, and then ask the record over the API for
// everything that was acknowledged. What they decide is which faults are done, and that each was felt; how the product
// meets a fault is never theirs.
package chaos
