// Lab starts an Active Directory for trying things out, writes what there is to
// know of it to standard output as JSON, and ends with an interrupt:
//
//	go run ./kerberos/kdctest/lab > realm.json
//
// It needs root and Debian's Samba, and nothing of the machine changes.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"entente/kerberos/kdctest"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	r, err := kdctest.OpenSamba()
	if err != nil {
		return err
	}
	defer r.Close()
	if err := r.Describe(os.Stdout); err != nil {
		return err
	}
	<-stop
	return nil
}
