package po

// Proof says what a portal shows of who is signed in.
type Proof struct {
	SignedIn bool
	User     string // as the page shows it, hostile; empty if it does not, or nobody is signed in
	Asks     bool   // the page asks for a sign-in
	Detail   string // why nobody seems to be signed in, in words; empty if somebody is
}
