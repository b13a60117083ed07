package ledger_test

import "testing"

// While an audit goes on a claim says so, and counts no order that there is not.
func TestClaimWhileAuditing(t *testing.T) {
	d := openDisk(t, t.TempDir())
	merge(t, d, orders(3))
	l := ledgerUnderTest{t, d}
	d.Audit(true)
	if c := l.claim(0); c.Open != 3 || !c.Auditing || c.Wait <= 0 {
		t.Errorf("during the audit: %+v", c)
	}
	d.Audit(false)
	if c := l.claim(0); c.Open != 3 || c.Auditing {
		t.Errorf("after it: %+v", c)
	}
}
