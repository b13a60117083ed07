// Package launch finds a browser, starts it with the flags that it needs, and
// ends it with all its processes. It knows nothing of pages: what speaks over a
// browser's pipe is package browser.
package launch
