// Package sessiontest is what every browser session must do, as tests: the
// real browser passes them, and whatever stands in for it elsewhere.
package sessiontest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/poactor/poactor/po"
)

// soon is a hang guard: what must not wait for the portal takes milliseconds.
const soon = time.Minute

// Session is the port under test, as package actors declares it.
type Session interface {
	Profile() string
	Read(ctx context.Context, order po.Order, byBrowser []string) (po.Reading, error)
	Prove(ctx context.Context) (po.Proof, error)
	Done() <-chan struct{}
	Close() error
}

// Orders are the orders that the sessions under test must know. Somebody is signed in.
type Orders struct {
	Listed   po.Order // has attachments, each with a URL
	Empty    po.Order // has none
	NotFound po.Order // is not there
	Waiting  po.Order // its reading does not end by itself within two minutes
}

// Run tests the sessions that open gives. Each call gives a new one.
func Run(t *testing.T, orders Orders, open func(t *testing.T) Session) {
	t.Run("tells pages apart", func(t *testing.T) { tellsPagesApart(t, orders, open(t)) })
	t.Run("is called off", func(t *testing.T) { isCalledOff(t, orders, open(t)) })
	t.Run("ends by Close", func(t *testing.T) { endsByClose(t, orders, open(t), open(t)) })
}

func tellsPagesApart(t *testing.T, orders Orders, s Session) {
	defer s.Close()
	if proof, err := s.Prove(t.Context()); err != nil || !proof.SignedIn {
		t.Errorf("who is signed in: %+v, %v", proof, err)
	}
	for want, order := range map[po.Sign]po.Order{
		po.SignAttachments: orders.Listed, po.SignEmpty: orders.Empty, po.SignNotFound: orders.NotFound,
	} {
		reading, err := s.Read(t.Context(), order, nil)
		if err != nil || reading.Sign != want {
			t.Errorf("order %s: %s, %v; want %s", order.Number, reading.Sign, err, want)
		}
		if has := len(reading.Attachments) > 0; has != (want == po.SignAttachments) {
			t.Errorf("order %s has %d attachments", order.Number, len(reading.Attachments))
		}
		ids := map[string]bool{}
		for _, a := range reading.Attachments {
			if a.ID == "" || ids[a.ID] {
				t.Errorf("attachment %q of order %s has no ID of its own: %q", a.Name, order.Number, a.ID)
			}
			ids[a.ID] = true
		}
	}
}

func isCalledOff(t *testing.T, orders Orders, s Session) {
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	begun := time.Now()
	_, err := s.Read(ctx, orders.Waiting, nil)
	failsWith(t, err, po.Interrupted)
	if took := time.Since(begun); took > soon {
		t.Errorf("a reading that is called off takes %v", took)
	}
	if reading, err := s.Read(t.Context(), orders.Listed, nil); err != nil || reading.Sign != po.SignAttachments {
		t.Errorf("the reading after it: %s, %v", reading.Sign, err)
	}
}

func endsByClose(t *testing.T, orders Orders, s, other Session) {
	defer other.Close()
	if s.Profile() == "" || s.Profile() == other.Profile() {
		t.Errorf("two sessions have the profiles %q and %q", s.Profile(), other.Profile())
	}
	reading := make(chan error, 1)
	go func() {
		_, err := s.Read(t.Context(), orders.Waiting, nil)
		reading <- err
	}()
	select {
	case <-s.Done():
		t.Error("Done is closed before the session is")
	case err := <-reading:
		t.Errorf("a reading that should wait ended: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	late := time.After(soon)
	select {
	case err := <-reading:
		failsWith(t, err, po.BrowserDied)
	case <-late:
		t.Error("Close does not end the reading")
	}
	select {
	case <-s.Done():
	case <-late:
		t.Error("Close does not close Done")
	}
	_, err := s.Read(t.Context(), orders.Listed, nil)
	failsWith(t, err, po.BrowserDied)
	_, err = s.Prove(t.Context())
	failsWith(t, err, po.BrowserDied)
	if reading, err := other.Read(t.Context(), orders.Empty, nil); err != nil || reading.Sign != po.SignEmpty {
		t.Errorf("another session after Close: %s, %v", reading.Sign, err)
	}
}

func failsWith(t *testing.T, err error, want po.Cause) {
	t.Helper()
	failure, ok := errors.AsType[*po.ReadFailure](err)
	if !ok || failure.Cause != want {
		t.Errorf("error %v, want a *po.ReadFailure with %s", err, want)
	}
}
