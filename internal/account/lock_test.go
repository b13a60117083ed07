package account

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/poactor/poactor/internal/vault"
)

// One writes at a time, and readers need not wait.
func TestLock(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	a := create(t, s, "coupa", "a")
	if err := a.Lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.Lock(t.Context()); !errors.Is(err, ErrHeld) {
		t.Errorf("twice: %v", err)
	}
	save(t, a, secret, Info{})
	other := hasty(a)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := other.Save(ctx, state("x"), Info{}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if err := other.Save(t.Context(), state("x"), Info{}); !errors.Is(err, ErrHeld) {
		t.Errorf("%v", err)
	}
	if err := other.Delete(t.Context()); !errors.Is(err, ErrHeld) {
		t.Errorf("%v", err)
	}
	if got, err := other.Load(t.Context()); err != nil || got.Cookies[0].Value != secret {
		t.Errorf("%v, %v", got, err)
	}
	if err := a.Unlock(); err != nil {
		t.Fatal(err)
	}
	save(t, s.account("coupa", "a"), "x", Info{})
	if err := a.Unlock(); err != nil {
		t.Errorf("again: %v", err)
	}
}

// A reader finds one of the sessions that were saved, whole, whoever writes.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	save(t, create(t, s, "coupa", "a"), "0", Info{})
	var writers, reader sync.WaitGroup
	done := make(chan struct{})
	reader.Go(func() {
		a := s.account("coupa", "a")
		for {
			select {
			case <-done:
				return
			default:
			}
			if got, err := a.Load(t.Context()); err != nil || len(got.Cookies) != 1 {
				t.Errorf("%v, %v", got, err)
				return
			}
			if info, err := a.Info(); err != nil || info.Version == "" {
				t.Errorf("%+v, %v", info, err)
				return
			}
		}
	})
	for range 3 {
		writers.Go(func() {
			a := s.account("coupa", "a") // has a lock of its own, like another process
			for i := range 5 {
				for {
					err := a.Save(t.Context(), state(fmt.Sprint(i)), Info{})
					if err == nil {
						break
					}
					if !errors.Is(err, ErrHeld) { // a slow machine: all the others go first
						t.Error(err)
						return
					}
				}
			}
		})
	}
	writers.Wait()
	close(done)
	reader.Wait()
}

// The lock holds between processes, and ends with the one that has it.
func TestLockOfAProcess(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	a := create(t, s, "coupa", "a")
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHolder$")
	cmd.Env = append(os.Environ(), "ACCOUNT_TEST_HOLD="+s.dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if err := hasty(a).Lock(t.Context()); !errors.Is(err, ErrHeld) {
		t.Errorf("%v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	if err := a.Lock(t.Context()); err != nil {
		t.Error(err)
	}
	if err := a.Unlock(); err != nil {
		t.Error(err)
	}
}

// TestHolder is the other process of TestLockOfAProcess.
func TestHolder(t *testing.T) {
	dir := os.Getenv("ACCOUNT_TEST_HOLD")
	if dir == "" {
		t.Skip("for another test")
	}
	if err := Open(dir, vault.New(vault.Config{})).account("coupa", "a").Lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	fmt.Print(".")
	time.Sleep(time.Hour)
}
