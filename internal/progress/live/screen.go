package live

import (
	"os"
	"sync"
	"sync/atomic"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/poactor/poactor/messages"
)

// Controls is what the keys do. Its methods are called from one goroutine, and do not block.
type Controls interface {
	Pause()
	Resume()
	SetWorkers(n int) // 1 to MaxWorkers
	// Interrupt is Ctrl-C: the first has what is under way finished, the second ends the
	// run at once.
	Interrupt()
}

// Config is where a Screen is shown.
type Config struct {
	Out        *os.File // a terminal
	In         *os.File // the keyboard; nil: there are no keys
	Environ    []string // of the terminal: TERM, NO_COLOR and the like
	Into       string   // the output directory, as the screen names it
	MaxWorkers int
	Controls   Controls
	Suspends   bool // Ctrl-Z stops the program, until its shell has it go on
	// Plain takes what happens where the screen could not be shown, or has failed.
	Plain func(event any)
	// Panicked is told of a bug of the screen, from where it shows on the stack.
	Panicked func(p any)
}

// refresh is how often the times on the screen move.
const refresh = 200 * time.Millisecond

// Screen shows a run on a terminal, from its start until Close. Event is called by one
// goroutine at a time, the other methods by any.
type Screen struct {
	config  Config
	state   *State                      // the program's, once there is one
	program atomic.Pointer[tea.Program] // nil until the run starts
	ended   chan struct{}
	failed  bool // read after ended

	mu      sync.Mutex
	pending []tea.Msg     // that the program has not been told yet
	more    chan struct{} // there are
}

// New makes a screen. Nothing is shown before the run starts and has something to do.
func New(c Config) *Screen {
	return &Screen{config: c, state: NewState(c.Into), ended: make(chan struct{}), more: make(chan struct{}, 1)}
}

// Event takes in an event of the run.
func (s *Screen) Event(event any) {
	switch program := s.program.Load(); {
	case program == nil:
		s.state.Apply(event, time.Now())
		if _, ok := event.(messages.RunStarted); ok && s.state.Total() > 0 {
			s.open()
		}
	case s.isOpen():
		s.tell(happened{event, time.Now()})
	case s.failed:
		s.config.Plain(event)
	}
}

// Note shows a line that is no event's. It reports whether there is a screen to show it on.
func (s *Screen) Note(text string, bad bool) bool {
	if s.program.Load() == nil || !s.isOpen() {
		return false
	}
	s.tell(noted{text, bad, time.Now()})
	return true
}

// Finishing has the screen say that no more orders are taken.
func (s *Screen) Finishing() {
	if s.program.Load() != nil {
		s.tell(finishing{})
	}
}

// tell has the program told something, and waits for nothing: neither the run nor its end
// may depend on a terminal that takes no more.
func (s *Screen) tell(msg tea.Msg) {
	s.mu.Lock()
	s.pending = append(s.pending, msg)
	s.mu.Unlock()
	select {
	case s.more <- struct{}{}:
	default: // it knows already
	}
}

// pass passes on what the program is told, until that has ended.
func (s *Screen) pass(program *tea.Program) {
	for {
		select {
		case <-s.ended:
			return
		case <-s.more:
		}
		s.mu.Lock()
		list := s.pending
		s.pending = nil
		s.mu.Unlock()
		for _, msg := range list {
			program.Send(msg)
		}
	}
}

// open begins to show the run.
func (s *Screen) open() {
	options := []tea.ProgramOption{tea.WithOutput(s.config.Out), tea.WithEnvironment(s.config.Environ),
		tea.WithoutSignalHandler(), tea.WithInput(nil)} // signals end the run, and the screen with it
	if s.config.In != nil {
		options = append(options, tea.WithInput(s.config.In))
	}
	var broken atomic.Bool
	program := tea.NewProgram(guarded{&broken, s.config.Panicked, model{state: s.state, controls: s.config.Controls,
		keys: s.config.In != nil, maxWorkers: s.config.MaxWorkers, suspends: s.config.Suspends, now: time.Now()}}, options...)
	s.program.Store(program)
	go s.pass(program)
	go func() {
		defer close(s.ended)
		_, err := program.Run()
		s.failed = err != nil || broken.Load()
	}()
}

// isOpen reports whether the screen is shown.
func (s *Screen) isOpen() bool {
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}

// closeWithin is how long a terminal is given to take what gives it back as it was.
const closeWithin = 3 * time.Second

// Close gives the terminal back as it was. One that takes nothing any more, as behind a
// connection that is gone, is left alone: the end of a run does not wait for it.
func (s *Screen) Close() {
	program := s.program.Load()
	if program == nil {
		return
	}
	go program.Quit()
	late := time.NewTimer(closeWithin)
	defer late.Stop()
	select {
	case <-s.ended:
	case <-late.C:
	}
}

// What the program is told.
type (
	happened struct {
		event any
		at    time.Time
	}
	noted struct {
		text string
		bad  bool
		at   time.Time
	}
	finishing struct{}
	tick      time.Time
)

// guarded is a model whose bugs end the screen, not the run, which goes on in plain lines.
// The library would write the stack to the terminal.
type guarded struct {
	broken   *atomic.Bool
	panicked func(p any)
	model    tea.Model
}

// Init implements tea.Model.
func (g guarded) Init() tea.Cmd { return g.model.Init() }

// Update implements tea.Model.
func (g guarded) Update(msg tea.Msg) (next tea.Model, cmd tea.Cmd) {
	defer g.recover(func() { next, cmd = g, tea.Quit })
	if g.broken.Load() { // by View
		return g, tea.Quit
	}
	g.model, cmd = g.model.Update(msg)
	return g, cmd
}

// View implements tea.Model.
func (g guarded) View() (v tea.View) {
	defer g.recover(func() { v = tea.NewView("") })
	return g.model.View()
}

// recover is to be deferred: it takes a panic, and does then what is given.
func (g guarded) recover(then func()) {
	if p := recover(); p != nil {
		if !g.broken.Swap(true) {
			g.panicked(p)
		}
		then()
	}
}

// model is the program: it passes events to the state, and keys to the controls.
type model struct {
	state      *State
	controls   Controls
	keys       bool
	maxWorkers int
	suspends   bool
	wished     int  // workers, by the keys; 0: they have not been touched
	asks       bool // that has not been passed on
	pressed    bool // since the last tick
	size       Size
	now        time.Time
}

func nextTick() tea.Cmd { return tea.Tick(refresh, func(t time.Time) tea.Msg { return tick(t) }) }

// Init implements tea.Model.
func (m model) Init() tea.Cmd { return nextTick() }

// Update implements tea.Model.
func (m model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case happened:
		m.state.Apply(msg.event, msg.at)
	case noted:
		m.state.Note(msg.text, msg.bad, msg.at)
	case finishing:
		m.state.Finish()
	case tick:
		m.now = time.Time(msg)
		if m.asks && !m.pressed { // a key that is held down is one wish
			m.controls.SetWorkers(m.wished)
			m.asks = false
		}
		m.pressed = false
		return m, nextTick()
	case tea.WindowSizeMsg:
		m.size = Size{msg.Width, msg.Height}
	case tea.KeyPressMsg:
		return m.press(msg.String())
	}
	return m, nil
}

// press does what a key is for.
func (m model) press(key string) (tea.Model, tea.Cmd) {
	switch key {
	case "ctrl+c":
		m.controls.Interrupt()
	case "f":
		if !m.state.finishing { // a second time it would end the run at once
			m.state.Finish()
			m.controls.Interrupt()
		}
	case "p":
		if m.state.paused {
			m.controls.Resume()
		} else {
			m.controls.Pause()
		}
	case "+", "=":
		return m.wish(1), nil
	case "-":
		return m.wish(-1), nil
	case "ctrl+z":
		if m.suspends {
			return m, tea.Suspend
		}
	}
	return m, nil
}

// wish asks for more workers, or fewer.
func (m model) wish(more int) model {
	if m.wished == 0 {
		m.wished = m.state.wished
	}
	if n := m.wished + more; n >= 1 && n <= m.maxWorkers && !m.state.finishing {
		m.wished, m.asks, m.pressed = n, true, true
	}
	return m
}

// View implements tea.Model.
func (m model) View() tea.View {
	v := tea.NewView(m.state.View(m.size, m.keys, m.now))
	v.AltScreen = true // what was there before comes back, and a new size leaves no traces
	return v
}
