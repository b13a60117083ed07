// Package report writes report.html: one page, without anything from a network, that
// tells the whole of a run from the record of its output directory: what came of each
// order and why, what to do about those that did not end well, and how workers, portal
// and sign-in behaved meanwhile. The latter is kept as events in the state directory.
//
// What the page shows is hostile. It is in the page as JSON, which report.js shows as
// text only, and a content security policy lets nothing run but the page's own script.
package report
