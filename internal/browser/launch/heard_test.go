package launch

import (
	"os"
	"testing"
	"time"
)

// A part of a message shows that the browser lives, and only while parts come: one that stops in the middle hangs.
func TestHeard(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := newPipe(nil, r)
	defer r.Close()
	if !p.Heard() || p.Heard() {
		t.Error("it is not given its time once")
	}
	read := make(chan Message, 1)
	go func() {
		m, _ := p.Read()
		read <- m
	}()
	heard := func() bool {
		for range 1000 {
			if p.Heard() {
				return true
			}
			time.Sleep(5 * time.Millisecond)
		}
		return false
	}
	for _, part := range []string{`{"id":`, `7}`, "\x00"} {
		if _, err := w.WriteString(part); err != nil || !heard() {
			t.Fatalf("%q was not heard, %v", part, err)
		}
		if part != "\x00" && p.Heard() {
			t.Errorf("%q was heard twice", part)
		}
	}
	if m := <-read; m.ID != 7 {
		t.Errorf("%+v", m)
	}
	w.Close()
}
