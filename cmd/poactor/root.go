package main

import (
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/poactor/poactor/internal/config"
	"github.com/poactor/poactor/po"
)

const rootHelp = `poactor downloads the documents attached to purchase orders.

It takes a batch, a CSV or XLSX file with a column PO_NUMBER, opens each order in the
procurement portal with a few browsers, saves every attachment in a folder per
order, and writes the batch back with a status per row. It can be stopped at
any time: run the same command again to resume.

A setting can stand on the command line, in the environment (--base-url is
POACTOR_BASE_URL) or in a config file (base-url: …), in this precedence.

Exit codes: 0 every order settled, 1 a bug, 2 wrong use or bad batch,
3 some orders are FAILED or PARTIAL, 4 sign-in needed, 5 another run holds the
output or a browser the profile, 6 the environment cannot do it, 130 interrupted.`

const rootExample = `  poactor login --base-url https://acme.coupahost.com
  poactor --base-url https://acme.coupahost.com orders.csv
  poactor --portal acme.yaml --workers 8 --out /data/orders orders.csv
  poactor --portal acme.yaml --dry-run orders.csv
  poactor demo`

func init() { cobra.AddTemplateFunc("plainBooleans", plainBooleans) }

// plainBooleans shows a boolean flag in a help text as "--quiet", not "--quiet[=true|false]".
func plainBooleans(flags string) string {
	const values = "[=true|false]"
	return strings.ReplaceAll(flags, values, strings.Repeat(" ", len(values)))
}

// root builds the command line. Run is the root command itself, and has a name
// for those who like one.
func (a *app) root() *cobra.Command {
	root := a.runCommand()
	root.Use = "poactor [flags] BATCH"
	root.Short = "Bring home the documents attached to purchase orders"
	root.Long = rootHelp
	root.Example = rootExample
	root.SilenceErrors = true
	root.SilenceUsage = true
	root.Version = buildVersion().Module
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), "FlagUsages |", "FlagUsages | plainBooleans |"))
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.PersistentFlags().StringVar(&a.configFile, "config", "",
		"config `file` (default: poactor/config.yaml in the user's configuration directory)")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return wrongUse(c.CommandPath()+" --help lists the flags", "%v", err)
	})
	root.AddCommand(a.runCommand(), a.loginCommand(), a.profileCommand(), a.doctorCommand(), a.demoCommand(), a.chaosCommand(),
		a.statusCommand(), a.explainCommand(), a.reportCommand(), a.retryCommand(), a.verifyCommand(), a.cleanCommand(),
		a.portalCommand(), a.versionCommand())
	return root
}

// runCommand is the main job.
func (a *app) runCommand() *cobra.Command {
	var s config.Settings
	var faults string
	c := &cobra.Command{
		Use:     "run [flags] BATCH",
		Short:   "Run a batch (the same as poactor BATCH)",
		Long:    "Run a batch: a CSV or XLSX file with a column PO_NUMBER, or - for CSV on standard input.",
		Example: "  poactor run --portal acme.yaml orders.csv\n  cat orders.csv | poactor run --portal acme.yaml --out orders -",
		Args:    oneArgument("BATCH", "poactor orders.csv, or poactor --help"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := a.fill(c.Flags(), faultsFlag); err != nil {
				return err
			}
			if faults != "" {
				text, err := os.ReadFile(faults)
				if err != nil {
					return wrongUse("", "%v", err)
				}
				a.faults = string(text)
			}
			return a.run(c.Context(), s, args[0], po.Choice{Limit: s.Limit})
		},
	}
	c.Annotations = map[string]string{streamsEvents: "yes"}
	s.Register(c.Flags())
	c.Flags().StringVar(&faults, faultsFlag, "", "plan of faults for one start of chaos")
	_ = c.Flags().MarkHidden(faultsFlag) // it is there
	c.Flags().SortFlags = false
	return c
}

// fill completes the flags from the environment and the config file, except
// those that mean something else for this command than for a run.
func (a *app) fill(fs *pflag.FlagSet, except ...string) error {
	if text, _ := a.env(config.EnvName("json")); text != "" && fs.Lookup("json") != nil && !fs.Changed("json") {
		a.json, _ = strconv.ParseBool(text) // what is no value is an error below
	}
	if err := config.Fill(fs, config.Sources{Env: a.env, File: a.userConfig(), Except: except}); err != nil {
		return wrongUse("", "%v", err)
	}
	a.warnUnknown()
	return nil
}

// warnUnknown names the variables that look like a setting and are none.
func (a *app) warnUnknown() {
	for _, text := range config.Unknown(a.environ) {
		a.warn("%s", text)
	}
}

// oneArgument wants one argument of the given name.
func oneArgument(name, hint string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch len(args) {
		case 1:
			return nil
		case 0:
			return wrongUse(hint, "no %s is given", name)
		}
		return wrongUse(hint, "one %s is wanted, not %d: %s", name, len(args), strings.Join(args, " "))
	}
}

// noArguments wants none.
func noArguments(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return wrongUse(c.CommandPath()+" --help", "%s takes no arguments, not %q", c.CommandPath(), args[0])
}
