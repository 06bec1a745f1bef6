// Package page decides how the pages of the web port are drawn and what they share: the frame with its navigation, the
// two languages, the answer to a call that failed, live parts as server-sent events, and files with their tags. It never
// decides what a page shows or who may see it: the families of pages ask the API as the caller who signed in, and the API
// says no.
package page
