package ledger_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/po"
)

// An outcome that no longer counts is told from those that do: where the start that
// had it doubts it, and where that was cut off and the next one does.
func TestReopenedAttempts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	no := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	start := func() ledgerUnderTest {
		d := openDisk(t, dir)
		no(d.Begin(t.Context(), po.Start{Portal: "coupa"}))
		merge(t, d, orders(3))
		return ledgerUnderTest{t, d}
	}
	settle := func(l ledgerUnderTest, status po.Status, keys ...string) {
		c := l.claim(len(keys))
		l.want(c, c.Open, keys...)
		for _, x := range c.Leases {
			no(l.Assign(t.Context(), x.Token, po.Assignment{Worker: "worker-1", Profile: "p"}))
			no(l.Settle(t.Context(), x.Token, po.Outcome{Key: x.Order.Key, Status: status, Time: time.Now()}))
		}
	}
	want := func(d *ledger.Disk, want map[po.Key][]po.Ending) {
		t.Helper()
		got := map[po.Key][]po.Ending{}
		for key := range want {
			s, err := d.History(t.Context(), key)
			no(err)
			for _, a := range s.Attempts {
				got[key] = append(got[key], a.Ending)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("endings (-want +got):\n%s", diff)
		}
	}

	l := start()
	d := l.Ledger.(*ledger.Disk)
	settle(l, po.Completed, "K0")
	time.Sleep(2 * time.Millisecond) // times of the record are in milliseconds
	settle(l, po.NoAttachments, "K1", "K2")
	_, err := d.Reopen(t.Context(), []po.Key{"K1"})
	no(err)
	want(d, map[po.Key][]po.Ending{"K0": {po.EndSettled}, "K1": {po.EndReopened}, "K2": {po.EndSettled}})
	settle(l, po.NoAttachments, "K1")
	no(d.Close()) // without an end: it was cut off

	l = start()
	d = l.Ledger.(*ledger.Disk)
	want(d, map[po.Key][]po.Ending{"K0": {po.EndSettled}, "K1": {po.EndReopened, po.EndReopened}, "K2": {po.EndReopened}})
	settle(l, po.NotFound, "K1", "K2")
	no(d.End(t.Context(), "", ""))
	no(d.Close())

	d = start().Ledger.(*ledger.Disk)
	want(d, map[po.Key][]po.Ending{"K1": {po.EndReopened, po.EndReopened, po.EndSettled}, "K2": {po.EndReopened, po.EndSettled}})
	no(d.Close())
}

// What was completed without a browser and is not confirmed by a later comparison is put back where
// the start was cut off, with its files; nothing else is.
func TestUncomparedAreReopened(t *testing.T) {
	t.Parallel()
	type settled struct {
		key string
		by  po.ReadBy
	}
	const page, call, both, browser = po.ReadByPage, po.ReadByCall, po.ReadByBoth, po.ReadByBrowser
	failed := po.SignedOut
	for name, c := range map[string]struct {
		settled []settled // in this order
		ended   *po.Cause // nil: it was cut off
		want    []string  // put back
	}{
		"before and after an agreement": {[]settled{{"K0", page}, {"K1", both}, {"K2", page}, {"K3", browser}}, nil, []string{"K2"}},
		"the last agreement counts":     {[]settled{{"K0", both}, {"K1", page}, {"K2", both}, {"K3", page}}, nil, []string{"K3"}},
		"no agreement":                  {[]settled{{"K0", page}, {"K1", browser}, {"K2", page}}, nil, []string{"K0", "K2"}},
		"by browsers alone":             {[]settled{{"K0", browser}, {"K1", both}}, nil, nil},
		"by calls":                      {[]settled{{"K0", call}, {"K1", po.ReadByBothCall}, {"K2", call}}, nil, []string{"K2"}},
		"an agreement of another way":   {[]settled{{"K0", call}, {"K1", both}, {"K2", page}, {"K3", po.ReadByBothCall}}, nil, []string{"K2"}},
		"one of neither":                {[]settled{{"K0", call}, {"K1", both}}, nil, []string{"K0"}},
		"it came to its end":            {[]settled{{"K0", both}, {"K1", page}}, new(po.Cause), nil},
		"it ended early":                {[]settled{{"K0", both}, {"K1", page}}, &failed, []string{"K1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			d := openDisk(t, dir)
			l := ledgerUnderTest{t, d}
			begin := func() {
				l.no(d.Begin(t.Context(), po.Start{Portal: "coupa"}))
				merge(t, d, orders(len(c.settled)))
			}
			settle := func(x po.Lease, by po.ReadBy) {
				if by != browser {
					l.no(l.Assign(t.Context(), x.Token, po.Assignment{Worker: po.PageReader}))
					time.Sleep(2 * time.Millisecond) // times of the record are in milliseconds
				}
				if !by.WithoutBrowser() {
					l.no(l.Assign(t.Context(), x.Token, po.Assignment{Worker: "worker-1", Profile: "p"}))
				}
				files := []po.File{{ID: "a", Name: "a.pdf", Bytes: 1, SHA256: "x"}}
				l.no(l.Save(t.Context(), x.Token, "S", po.Saved{Folder: "S/" + string(x.Order.Key), Files: files}))
				l.no(l.Settle(t.Context(), x.Token, po.Outcome{Key: x.Order.Key, Status: po.Completed, ReadBy: by, Files: files,
					Folder: "S/" + string(x.Order.Key), Time: time.Now()}))
				time.Sleep(2 * time.Millisecond)
			}
			begin()
			leases := map[string]po.Lease{}
			for _, x := range l.claim(len(c.settled)).Leases {
				leases[string(x.Order.Key)] = x
			}
			for _, s := range c.settled {
				settle(leases[s.key], s.by)
			}
			if c.ended != nil {
				l.no(d.End(t.Context(), *c.ended, ""))
			}
			again := func() po.Claim {
				l.no(d.Close())
				d = openDisk(t, dir)
				l = ledgerUnderTest{t, d}
				begin()
				return l.claim(9)
			}
			var claim po.Claim
			for range 2 { // the second finds what the first has put back, and nothing more
				claim = again()
				l.want(claim, len(c.want), c.want...)
				for _, x := range claim.Leases {
					if !x.ReadBy.WithoutBrowser() || len(x.Saved.Files) != 1 {
						t.Errorf("lease %+v: it does not say that its files are of a list that may be wrong", x)
					}
				}
			}
			for _, x := range claim.Leases {
				settle(x, browser)
			}
			l.want(again(), 0)
			for _, key := range c.want {
				s, err := d.History(t.Context(), po.Key(key))
				l.no(err)
				if s.Attempts[0].Ending != po.EndReopened {
					t.Errorf("%s: the attempt that counts no more ended %s", key, s.Attempts[0].Ending)
				}
			}
		})
	}
}
