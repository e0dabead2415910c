//go:build unix

package main

import "syscall"

// harden keeps what the process writes to itself: files are made for this user
// only, and a crash leaves no core with keys and mail in it.
func harden() error {
	syscall.Umask(0o077)
	return syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{})
}
