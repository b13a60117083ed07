// Package profilestore keeps browser profiles on disk: it leases each one
// once, empty or as a slim copy of a base profile, and removes it when it is
// released.
//
// A profile is a user data directory of Chromium, Chrome or Edge. No profile
// is ever leased twice: a browser that is started again begins with a fresh
// one, so that nothing a dead browser left behind can harm the next.
//
// A clone holds what keeps a user signed in (cookies, storage, preferences,
// the key in "Local State") and neither caches nor locks nor crash dumps. The
// base is only read, never linked to and never changed.
package profilestore
