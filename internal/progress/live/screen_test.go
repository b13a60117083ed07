package live

import (
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/poactor/poactor/messages"
)

// A terminal that takes nothing, like one behind a connection that stands still, keeps
// neither the run waiting nor who wants to end it.
func TestScreenWaitsForNoTerminal(t *testing.T) {
	t.Parallel()
	far, near, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	fill(t, near)
	s := New(Config{Out: near, Environ: []string{"TERM=xterm-256color"}, Into: "orders", MaxWorkers: 4})
	told := make(chan struct{})
	go func() {
		defer close(told)
		s.Event(messages.BatchMerged{Start: 1, New: 1, Open: 1})
		s.Event(messages.RunStarted{Portal: "coupa", Workers: 1})
		for range 20 {
			s.Event(messages.RunPaused{})
			s.Event(messages.RunResumed{})
			s.Note("still here", false)
		}
		s.Finishing()
		s.Close()
	}()
	select {
	case <-told:
	case <-time.After(time.Minute):
		t.Fatal("the run waits for the terminal")
	}
	go func() { _, _ = io.Copy(io.Discard, far) }() // it moves again
	<-s.ended
	_ = near.Close()
}

// wishes are controls that take down how many workers were wished for.
type wishes struct {
	Controls
	list []int
}

func (w *wishes) SetWorkers(n int) { w.list = append(w.list, n) }

// A key that is held down, or pressed often, is one wish.
func TestWishesAreGathered(t *testing.T) {
	t.Parallel()
	got := &wishes{}
	var m tea.Model = model{state: NewState("orders"), controls: got, maxWorkers: 64, wished: 4}
	press := func(key rune, times int) {
		for range times {
			m, _ = m.Update(tea.KeyPressMsg{Code: key, Text: string(key)})
		}
	}
	step := func() { m, _ = m.Update(tick(time.Now())) }
	press('+', 30)
	step()
	press('+', 40)
	step()
	if len(got.list) != 0 {
		t.Errorf("passed on while it is pressed: %v", got.list)
	}
	step()
	step()
	press('-', 2)
	step()
	step()
	if want := []int{64, 62}; !slices.Equal(got.list, want) {
		t.Errorf("%v, want %v", got.list, want)
	}
}

// brokenControls have a bug.
type brokenControls struct{ Controls }

func (brokenControls) Pause() { panic("a bug") }

// A bug of the screen ends the screen alone: its stack is not for the terminal, and what
// happens then is told in plain lines.
func TestScreenPanics(t *testing.T) {
	t.Parallel()
	far, near, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	keys, keyboard, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer keys.Close()
	shown := make(chan string)
	go func() {
		text, _ := io.ReadAll(far)
		shown <- string(text)
	}()
	bugs, plain := make(chan any, 1), 0
	s := New(Config{Out: near, In: keys, Environ: []string{"TERM=xterm-256color"}, Into: "orders", MaxWorkers: 4,
		Controls: brokenControls{}, Panicked: func(p any) { bugs <- p }, Plain: func(any) { plain++ }})
	s.Event(messages.BatchMerged{Start: 1, New: 1, Open: 1})
	s.Event(messages.RunStarted{Portal: "coupa", Workers: 1})
	if _, err := keyboard.WriteString("p"); err != nil {
		t.Fatal(err)
	}
	select {
	case p := <-bugs:
		if p != "a bug" {
			t.Errorf("told of %v", p)
		}
	case <-time.After(time.Minute):
		t.Fatal("nobody is told of the bug")
	}
	select {
	case <-s.ended:
	case <-time.After(time.Minute):
		t.Fatal("the screen goes on")
	}
	if s.Event(messages.RunPaused{}); plain != 1 {
		t.Errorf("%d events in plain lines", plain)
	}
	s.Close()
	_ = near.Close()
	if text := <-shown; strings.Contains(text, "goroutine") || strings.Contains(text, "panic") {
		t.Errorf("%q", text)
	}
}

// fill writes into a pipe what it holds.
func fill(t *testing.T, w *os.File) {
	t.Helper()
	for {
		if err := w.SetWriteDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
			t.Skipf("a pipe has no deadlines here: %v", err)
		}
		if _, err := w.Write(make([]byte, 4096)); err != nil {
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatal(err)
			}
			break
		}
	}
	if err := w.SetWriteDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
}
