package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"entente/server"
)

// configFlag names the configuration of what a command works on directly,
// without asking a server.
type configFlag struct {
	Config string `help:"Configuration file." default:"/etc/entente/entente.yaml" type:"path"`
}

// backupCmd copies everything into one file.
type backupCmd struct {
	configFlag
	File string `arg:"" help:"File to write, mode 0600; it must not exist." type:"path"`
}

// Run writes beside the file and renames at the end, so that what has the name
// is whole.
func (c *backupCmd) Run(t *terminal) (err error) {
	conf, err := readConfig(c.Config)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(c.File); err == nil {
		return withHint(fmt.Errorf("%s exists", c.File), "a backup replaces nothing; choose another name")
	}
	st, err := server.OpenStore(t.ctx, conf)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	partial := c.File + ".partial"
	f, err := os.OpenFile(partial, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		return withHint(err, "another backup is under way, or one was cut off: then remove %s", partial)
	}
	if err != nil {
		return err
	}
	p := newProgress(t.err)
	err = st.Backup(t.ctx, f, p.show)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(partial, c.File)
	}
	if err != nil {
		return errors.Join(err, os.Remove(partial))
	}
	p.end()
	fmt.Fprintf(t.out, "%s holds everything but the keys; keep a copy of %s/keys apart from it\n", c.File, conf.State)
	return nil
}

// restoreCmd reads a backup into an empty state.
type restoreCmd struct {
	configFlag
	File     string   `arg:"" help:"Backup to read." type:"existingfile"`
	Database []string `help:"Where a mailbox database is to lie now: sqlite:FILE or a postgres:// URL. The others lie where they lay." placeholder:"NAME=URL" sep:"none"`
}

// Run reads the whole backup once before it restores anything: a damaged one
// is then found while the state is still empty.
func (c *restoreCmd) Run(t *terminal) error {
	conf, err := readConfig(c.Config)
	if err != nil {
		return err
	}
	urls := map[string]string{}
	for _, s := range c.Database {
		name, url, ok := strings.Cut(s, "=")
		if !ok || name == "" || url == "" {
			return fmt.Errorf("--database %s is not NAME=URL", s)
		}
		urls[name] = url
	}
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	p := newProgress(t.err)
	if err := server.CheckBackup(f, nil); err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := server.Restore(t.ctx, conf, f, urls, p.show); err != nil {
		return withHint(err, "restore needs empty databases; remove what this attempt left before the next")
	}
	p.end()
	fmt.Fprintf(t.out, "restored; %s/keys must be those of the state the backup is of, and clients synchronize anew\n", conf.State)
	return nil
}

// verifyCmd looks for damage.
type verifyCmd struct {
	configFlag
	Checkpoint string `help:"File with checkpoints of the audit log that were kept elsewhere (audit checkpoint)." type:"existingfile" aliases:"against" placeholder:"FILE"`
}

// Run prints what is in order; the first thing that is not is the error.
func (c *verifyCmd) Run(t *terminal) (err error) {
	conf, err := readConfig(c.Config)
	if err != nil {
		return err
	}
	kept, err := readCheckpoints(c.Checkpoint)
	if err != nil {
		return err
	}
	st, err := server.OpenStore(t.ctx, conf)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	return st.Verify(t.ctx, kept, func(what string) { fmt.Fprintln(t.out, what) })
}

// progress shows how far something long has come: on a terminal in one line
// that changes, elsewhere a line when what is worked on changes.
type progress struct {
	w        io.Writer
	terminal bool
	what     string
}

func newProgress(w io.Writer) *progress {
	p := &progress{w: w}
	if f, ok := w.(*os.File); ok {
		info, err := f.Stat()
		p.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return p
}

func (p *progress) show(what string, at server.Advance) {
	if p.terminal {
		fmt.Fprintf(p.w, "\r%-40s %-24s %12d rows %8.1f MB ", what, at.Table, at.Rows, float64(at.Bytes)/1e6)
		return
	}
	if p.what != what {
		p.what = what
		fmt.Fprintln(p.w, what)
	}
}

func (p *progress) end() {
	if p.terminal {
		fmt.Fprintln(p.w)
	}
}
