package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"entente"
	"entente/admin"
	"entente/admin/adminclient"
	"entente/audit"
)

type auditCmd struct {
	Search     remote[admin.SearchAudit, []admin.RecordInfo] `cmd:"" help:"Search the audit log, newest first."`
	Tail       auditTail                                     `cmd:"" help:"Show the newest records and then each new one, until interrupted."`
	Verify     auditVerify                                   `cmd:"" help:"Check that the audit logs of all nodes were not altered."`
	Checkpoint auditCheckpoint                               `cmd:"" help:"Print the log's last signed checkpoint, to be kept elsewhere and given to verify --checkpoint."`
	Export     auditExport                                   `cmd:"" help:"Write a log as JSON lines, as CSV, or as the tiles other tools check (tlog-tiles)."`
	Erase      done[admin.EraseAudit]                        `cmd:"" help:"Take personal data out of the audit log; the log verifies as before, and the erasing is on record."`
}

type auditTail struct {
	admin.TailAudit
	JSON bool `name:"json" help:"A line of JSON for each record."`
}

// Run asks for what is new, again and again.
func (c *auditTail) Run(t *terminal, k *kong.Context, socket adminFlag) error {
	client := adminclient.New(string(socket))
	for {
		var a admin.TailAnswer
		err := client.Call(t.ctx, "audit", "tail", c.TailAudit, &a)
		if t.ctx.Err() != nil {
			return nil // interrupted, which is how it ends
		}
		if err != nil {
			return err
		}
		for i := range a.Records {
			if err := c.line(t.out, &a.Records[i]); err != nil {
				return err
			}
		}
		c.Position = a.Position
	}
}

func (c *auditTail) line(w io.Writer, r *admin.RecordInfo) error {
	if c.JSON {
		return json.NewEncoder(w).Encode(r)
	}
	outcome := r.Code
	switch {
	case outcome == "" && r.Allowed:
		outcome = "ok"
	case !r.Allowed:
		outcome = "refused " + outcome
	}
	who := r.As
	if r.By != r.As {
		who += " by " + r.By
	}
	if who == "" {
		who = fmt.Sprintf("%s (%d times)", r.Address, r.Count)
	}
	_, err := fmt.Fprintln(w, plain(strings.TrimSpace(strings.Join([]string{r.Time, r.Action, who, r.Kind, r.Mailbox, outcome, r.Targets, r.Request}, "  "))))
	return err
}

type auditVerify struct {
	admin.VerifyAudit
	Checkpoint string `help:"File with checkpoints that were kept elsewhere: they show what was cut off, or written anew and signed again." type:"existingfile" aliases:"against,known" placeholder:"FILE"`
	JSON       bool   `name:"json" help:"Answer in JSON."`
}

// Run reads the checkpoints and asks.
func (c *auditVerify) Run(t *terminal, k *kong.Context, socket adminFlag) (err error) {
	if c.Kept, err = readCheckpoints(c.Checkpoint); err != nil {
		return err
	}
	return ask[[]audit.Report](t, k, socket, c.VerifyAudit, c.JSON)
}

// readCheckpoints reads a file with checkpoints, one after the other.
func readCheckpoints(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	const most = 1 << 20
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most))
	if err == nil && strings.TrimSpace(string(b)) == "" {
		err = entente.Errorf(entente.Invalid, "%s has no checkpoint in it", path)
	}
	return string(b), err
}

type auditCheckpoint struct{}

// Run prints the checkpoint as it is signed, line for line.
func (*auditCheckpoint) Run(t *terminal, socket adminFlag) error {
	var c admin.Checkpoint
	if err := adminclient.New(string(socket)).Call(t.ctx, "audit", "checkpoint", admin.Nothing{}, &c); err != nil {
		return err
	}
	_, err := io.WriteString(t.out, c.Checkpoint)
	return err
}

type auditExport struct {
	Format string `help:"jsonl, csv or tlog-tiles." enum:"jsonl,csv,tlog-tiles" default:"jsonl"`
	Out    string `help:"File to write, or folder for tlog-tiles; it must not exist. Without it jsonl and csv go to standard output." placeholder:"PATH"`
	Node   string `help:"Whose log; the one of the node that is asked if none is named."`
	Since  string `help:"Not before (RFC 3339). For jsonl and csv." placeholder:"TIME"`
	Until  string `help:"Before (RFC 3339). For jsonl and csv." placeholder:"TIME"`
}

// Run reads the log part by part and writes it.
func (c *auditExport) Run(t *terminal, socket adminFlag) error {
	client := adminclient.New(string(socket))
	if c.Format == "tlog-tiles" {
		if c.Out == "" || c.Since != "" || c.Until != "" {
			return entente.Errorf(entente.Invalid, "tlog-tiles are a whole log, in a folder: --out FOLDER")
		}
		return c.tiles(t, client)
	}
	since, err := optionalTime(c.Since)
	if err != nil {
		return err
	}
	until, err := optionalTime(c.Until)
	if err != nil {
		return err
	}
	return c.write(t, func(w io.Writer) error {
		row := jsonRow(w)
		if c.Format == "csv" {
			row = csvRow(w)
		}
		_, err := c.each(t, client, func(e *audit.Entry) error {
			if e.Text == nil {
				return nil
			}
			r, err := audit.ParseRecord(e.Text)
			if err != nil || !since.IsZero() && r.Time.Before(since) || !until.IsZero() && !r.Time.Before(until) {
				return err
			}
			return row(r, e.Text)
		})
		return err
	})
}

func optionalTime(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return at, entente.Errorf(entente.Invalid, "%q is no time such as 2026-06-15T08:00:00Z", s)
	}
	return at, nil
}

// write gives f the file to write to.
func (c *auditExport) write(t *terminal, f func(io.Writer) error) (err error) {
	if c.Out == "" {
		w := bufio.NewWriter(t.out)
		return errors.Join(f(w), w.Flush())
	}
	file, err := os.OpenFile(c.Out, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(file)
	return errors.Join(f(w), w.Flush(), file.Close())
}

// each calls f for every entry under the checkpoint that is signed at its
// beginning, and returns that.
func (c *auditExport) each(t *terminal, client *adminclient.Client, f func(*audit.Entry) error) (checkpoint string, err error) {
	var size uint64
	for next := uint64(0); next == 0 || next < size; {
		var a admin.EntriesAnswer
		q := admin.AuditEntries{Node: c.Node, From: next}
		if err := client.Call(t.ctx, "audit", "entries", q, &a); err != nil {
			return "", err
		}
		if next == 0 {
			checkpoint = a.Checkpoint
			if _, size, err = audit.SizeOf(checkpoint); err != nil {
				return "", entente.Errorf(entente.NotFound, "node %s has no checkpoint to export under", a.Node)
			}
		}
		if len(a.Entries) == 0 {
			return "", entente.Errorf(entente.Conflict, "record %d is missing; entente audit verify says more", next)
		}
		for i := range a.Entries {
			if next = a.Entries[i].Seq; next < size {
				if err := f(&a.Entries[i]); err != nil {
					return "", err
				}
			}
			next++
		}
	}
	return checkpoint, nil
}

// tiles writes the log for other tools, in a folder that must be new.
func (c *auditExport) tiles(t *terminal, client *adminclient.Client) error {
	if err := os.Mkdir(c.Out, 0o700); err != nil {
		return err
	}
	root, err := os.OpenRoot(c.Out)
	if err != nil {
		return err
	}
	defer root.Close()
	tiles := audit.Tiles{Write: func(path string, data []byte) error {
		if err := root.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		return root.WriteFile(path, data, 0o600)
	}}
	checkpoint, err := c.each(t, client, tiles.Add)
	if err != nil {
		return err
	}
	if err := tiles.End(checkpoint); err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.out, "%s holds the log as tlog-tiles; its checkpoint is in the file checkpoint\n", c.Out)
	return err
}

// jsonRow writes records as they are kept, one a line.
func jsonRow(w io.Writer) func(*audit.Record, []byte) error {
	return func(_ *audit.Record, text []byte) error {
		_, err := w.Write(append(text, '\n'))
		return err
	}
}

// csvRow writes records after a line of heads.
func csvRow(w io.Writer) func(*audit.Record, []byte) error {
	out := csv.NewWriter(w)
	heads := []string{
		"seq", "node", "time", "request", "kind", "as", "as_sid", "by", "by_sid", "method", "application", "user_agent", "address",
		"action", "mailbox", "targets", "allowed", "code", "grounds", "snapshot", "count",
	}
	return func(r *audit.Record, _ []byte) error {
		if heads != nil {
			if err := out.Write(heads); err != nil {
				return err
			}
			heads = nil
		}
		var grounds []string
		for _, g := range r.Grounds {
			grounds = append(grounds, string(g.Kind)+" "+g.ID)
		}
		row := []string{
			strconv.FormatUint(r.Seq, 10), r.Node, r.Time.Format(time.RFC3339Nano), r.Request, string(r.Kind),
			string(r.As.UPN), string(r.As.SID), string(r.By.UPN), string(r.By.SID), string(r.Method), string(r.Application),
			r.UserAgent, r.Address, r.Action, r.Mailbox, strings.Join(r.Targets, " "), strconv.FormatBool(r.Allowed), r.Code,
			strings.Join(grounds, ", "), strconv.FormatUint(r.Snapshot, 10), strconv.Itoa(r.Count),
		}
		for i := range row {
			row[i] = harmless(row[i])
		}
		if err := out.Write(row); err != nil {
			return err
		}
		out.Flush()
		return out.Error()
	}
}

// harmless keeps a spreadsheet from taking a cell for a formula: whoever sends a
// request chooses some of what is recorded. What would begin one gets an
// apostrophe before it, which spreadsheets do not show.
func harmless(cell string) string {
	cell = plain(cell)
	if strings.ContainsAny(cell[:min(len(cell), 1)], "=+-@") {
		return "'" + cell
	}
	return cell
}
