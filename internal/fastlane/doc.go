// Package fastlane reads an order's page as the portal sends it, without a browser: the
// portal's own signs and selectors are applied to its HTML. It is pure; the page is
// fetched by others.
//
// It can say one thing only: that the page lists these attachments. What else it may be
// (no attachments, not found, refused, signed out), and all that needs a browser to be
// known (what a click leads to, what a script adds, the next page of a list), is a doubt.
// The rules are those of package browser's script observe.js; where they need what only
// a browser knows, like whether an element is visible, the answer is a doubt, too.
package fastlane
