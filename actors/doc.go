// Package actors is the run itself: a coordinator that supervises a
// dispatcher, a file fetcher and a pool of browser workers, and the ports that
// these need. It is the only importer of Proto.Actor.
//
// The dispatcher owns every order in hand; a worker owns one browser and one
// profile and does one job at a time; the fetcher gets bytes while the worker
// already reads the next order. Decisions are internal/schedule's, which
// is pure; actors only carry them out.
package actors
