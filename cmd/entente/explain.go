package main

import (
	"slices"
	"time"

	"github.com/alecthomas/kong"

	"entente"
	"entente/access"
	"entente/admin"
	"entente/ews"
	"entente/ews/ewsserver"
	"entente/explain"
)

type explainBatch struct {
	Batch   bool `help:"Read questions from standard input."`
	Changes bool `help:"Look for the smallest change that would turn each answer." default:"true" negatable:""`
}

// Run answers questions, and fails in the end if there were lines that are none.
func (c *explainBatch) Run(t *terminal, k *kong.Context) error {
	if !c.Batch && !slices.Contains(k.Args, "batch") {
		return withHint(entente.Errorf(entente.Invalid, "explain what?"),
			"entente explain --batch < questions.jsonl, entente explain request ID, or entente explain access")
	}
	report, err := explain.Batch(t.in, t.out, explain.Config{
		Refusal: func(of access.Stage, err error, want, got access.Rights, ofItem bool) (string, int) {
			code, status := ewsserver.Refusal(of, err, want, got, ofItem)
			return string(code), status
		},
		NoError: string(ews.NoError), Now: time.Now(), Changes: c.Changes,
	})
	if err == nil && report.Errors > 0 {
		err = entente.Errorf(entente.Invalid, "%d of %d lines are no questions", report.Errors, report.Lines)
	}
	return err
}

type whoCan struct {
	admin.WhoCan
	JSON bool `name:"json" help:"Answer in JSON."`
}

// Run asks who may do something.
func (c *whoCan) Run(t *terminal, socket adminFlag) error {
	return put[admin.Holders](t, socket, "explain", "who-can", c.WhoCan, c.JSON)
}

type whatCan struct {
	admin.WhatCan
	JSON bool `name:"json" help:"Answer in JSON."`
}

// Run asks what somebody may do.
func (c *whatCan) Run(t *terminal, socket adminFlag) error {
	return put[admin.Abilities](t, socket, "explain", "what-can", c.WhatCan, c.JSON)
}
