package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"runtime/debug"

	"entente/server"
)

// serveCmd runs the server.
type serveCmd struct {
	Config       string `help:"Configuration file." default:"/etc/entente/entente.yaml" type:"path"`
	Organization string `help:"Name of the organization, when its database is made for the first time." default:"Organization"`
}

// Run serves until it is told to stop.
func (c *serveCmd) Run(t *terminal) error {
	if err := harden(); err != nil {
		return err
	}
	tune()
	conf, err := readConfig(c.Config)
	if err != nil {
		return err
	}
	s, err := server.New(t.ctx, conf, server.Options{Organization: c.Organization, Log: logger(conf.Log, t.err)})
	if err != nil {
		return err
	}
	l, err := s.Listen(t.ctx)
	if err == nil {
		err = l.Serve(t.ctx)
	}
	return errors.Join(err, s.Close())
}

func readConfig(path string) (server.Config, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return server.Config{}, withHint(err, "entente config example > %s writes one to start from", path)
	}
	if err != nil {
		return server.Config{}, err
	}
	defer f.Close()
	c, err := server.ReadConfig(f)
	return c, withHint(err, "entente config check --config %s says more; doc/config.md has every key", path)
}

func logger(c server.LogConfig, w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.Level)) // Config.Check has been passed
	o := &slog.HandlerOptions{Level: level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

// configCmd is about the configuration file.
type configCmd struct {
	Check   configCheck   `cmd:"" help:"Say everything that is wrong with a configuration file."`
	Example configExample `cmd:"" help:"Print a commented configuration file to start from."`
	Doc     configDoc     `cmd:"" help:"Print every key with its meaning (doc/config.md)."`
}

type configCheck struct {
	Config string `help:"Configuration file." default:"/etc/entente/entente.yaml" type:"path"`
}

// Run checks the file without opening what it names.
func (c *configCheck) Run(t *terminal) error {
	if _, err := readConfig(c.Config); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "%s is in order\n", c.Config)
	return nil
}

type configExample struct{}

// Run prints an example.
func (*configExample) Run(t *terminal) error {
	_, err := io.WriteString(t.out, server.ConfigExample())
	return err
}

type configDoc struct{}

// Run prints the documentation.
func (*configDoc) Run(t *terminal) error {
	_, err := io.WriteString(t.out, server.ConfigDoc())
	return err
}

type versionCmd struct{}

// Run prints the version of the build.
func (*versionCmd) Run(t *terminal) error {
	version := "development"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		version = info.Main.Version
	}
	_, err := fmt.Fprintln(t.out, "entente", version)
	return err
}
