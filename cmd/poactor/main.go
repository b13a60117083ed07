// Command poactor downloads the documents attached to purchase orders.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"syscall"

	"github.com/sirupsen/logrus"

	"github.com/poactor/poactor/actors"
	"github.com/poactor/poactor/internal/config"
	"github.com/poactor/poactor/internal/progress"
)

func main() {
	signal.Ignore(syscall.SIGPIPE) // a reader of our output who leaves must not end a run
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, env: os.LookupEnv, environ: os.Environ()}
	os.Exit(a.main(os.Args[1:]))
}

// app is what a command works with: its streams and its surroundings.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	env            func(string) (string, bool)
	environ        []string        // all of it, like os.Environ
	browsers       actors.Browsers // nil: real ones; tests have others
	faults         string          // of chaos: a plan in YAML
	configFile     string
	json           bool           // what is told on stdout is told as JSON lines
	streams        bool           // the command tells events
	standing       *batchStanding // how its batch stands; nil if it has come to none
	log            *logrus.Logger // of the run, once it is open
	logFile        io.Closer      // behind it
	console        console        // where a run is shown
}

// main runs the command line and returns the exit code. A panic is a bug: the
// user gets a line, the log gets the stack.
func (a *app) main(args []string) int {
	out := &stdout{w: a.stdout}
	a.stdout = out
	defer func() {
		if a.logFile != nil {
			_ = a.logFile.Close()
		}
	}()
	err := a.execute(args)
	if err != nil && !errors.Is(err, errUnfinished) {
		a.printError(err)
	}
	if a.json && a.streams {
		progress.WriteJSON(a.stdout, endedLine{progress.Now("ended"), exitCode(err), a.standing})
	}
	if lost := out.failure(); lost != nil {
		printError(a.stderr, lost)
		err = cmp.Or(err, lost)
	}
	return exitCode(err)
}

// execute runs the command line. A panic becomes an error.
func (a *app) execute(args []string) (err error) {
	defer func() {
		if p := recover(); p != nil {
			if a.log != nil {
				a.log.WithField("stack", string(debug.Stack())).Errorf("panic: %v", p)
			}
			err = fmt.Errorf("%v", p)
		}
	}()
	a.json = slices.Contains(args, "--json") // also where the flags cannot be read
	root := a.root()
	root.SetArgs(args)
	command, err := root.ExecuteContextC(context.Background())
	a.streams = command.Annotations[streamsEvents] != ""
	if f := command.Flags().Lookup("json"); f != nil && f.Changed { // by an argument, or from elsewhere
		a.json = f.Value.String() == "true"
	}
	return err
}

// warn tells of something that does not stop the run.
func (a *app) warn(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	line := progress.Line(text)
	if !a.console.note("warning: "+line, true) {
		fmt.Fprintf(a.stderr, "poactor: warning: %s\n", line)
	}
	if a.json {
		progress.WriteJSON(a.stdout, warningLine{progress.Now("warning"), text})
	}
}

// userConfig is the config file that applies.
func (a *app) userConfig() string {
	named := a.configFile
	if named == "" {
		named, _ = a.env(config.EnvName("config"))
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		dir = "" // no home directory: then there is no file in it
	}
	return config.Find(named, dir)
}
