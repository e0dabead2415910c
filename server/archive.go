package server

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// An archive is the backups of several databases, one after the other:
//
//	"ENTENTE-ARCHIVE-1\n"
//	P n name …       a part: the names of what is in that database,
//	length bytes …   its backup in pieces, length 0 after the last
//	Z                the end
//
// The first part is the main database, whose own name is empty. A mailbox
// database that lies at the same place as the main one, or as another, is in
// that part. Lengths are varints. Each backup has its own hash.
const archiveMagic = "ENTENTE-ARCHIVE-1\n"

const (
	archivePart = 'P'
	archiveEnd  = 'Z'

	archivePiece = 1 << 16 // bytes, and the most a reader takes
	maxPartNames = 10_000
	maxPartName  = 256
)

var errArchive = errors.New("not a backup of entente, or a damaged one")

// An archiveWriter writes an archive.
type archiveWriter struct{ w *bufio.Writer }

func newArchiveWriter(w io.Writer) (*archiveWriter, error) {
	a := &archiveWriter{bufio.NewWriterSize(w, archivePiece)}
	_, err := a.w.WriteString(archiveMagic)
	return a, err
}

// part writes a part, whose backup f writes.
func (a *archiveWriter) part(names []string, f func(io.Writer) error) error {
	head := binary.AppendUvarint([]byte{archivePart}, uint64(len(names)))
	for _, n := range names {
		head = append(binary.AppendUvarint(head, uint64(len(n))), n...)
	}
	if _, err := a.w.Write(head); err != nil {
		return err
	}
	if err := f(pieces{a.w}); err != nil {
		return err
	}
	return a.w.WriteByte(0)
}

func (a *archiveWriter) close() error {
	if err := a.w.WriteByte(archiveEnd); err != nil {
		return err
	}
	return a.w.Flush()
}

// pieces writes what it is given with its length before it.
type pieces struct{ w *bufio.Writer }

// Write writes p as one or more pieces.
func (p pieces) Write(b []byte) (int, error) {
	var head [binary.MaxVarintLen64]byte
	for done := 0; done < len(b); {
		piece := b[done:min(len(b), done+archivePiece)]
		if _, err := p.w.Write(head[:binary.PutUvarint(head[:], uint64(len(piece)))]); err != nil {
			return done, err
		}
		n, err := p.w.Write(piece)
		done += n
		if err != nil {
			return done, err
		}
	}
	return len(b), nil
}

// An archiveReader reads an archive part by part.
type archiveReader struct {
	r    *bufio.Reader
	part *partReader // the one being read
}

func newArchiveReader(r io.Reader) (*archiveReader, error) {
	a := &archiveReader{r: bufio.NewReaderSize(r, archivePiece)}
	magic := make([]byte, len(archiveMagic))
	if _, err := io.ReadFull(a.r, magic); err != nil || string(magic) != archiveMagic {
		return nil, errArchive
	}
	return a, nil
}

// next returns the names of the next part and its backup, which is of use
// until next is called again. At the end of the archive the error is io.EOF.
func (a *archiveReader) next() ([]string, io.Reader, error) {
	if a.part != nil {
		if _, err := io.Copy(io.Discard, a.part); err != nil {
			return nil, nil, err
		}
	}
	b, err := a.r.ReadByte()
	switch {
	case err != nil:
		return nil, nil, cut(err)
	case b == archiveEnd:
		return nil, nil, io.EOF
	case b != archivePart:
		return nil, nil, errArchive
	}
	n, err := binary.ReadUvarint(a.r)
	if err != nil {
		return nil, nil, cut(err)
	}
	if n == 0 || n > maxPartNames {
		return nil, nil, errArchive
	}
	var names []string
	for range n {
		name, err := a.name()
		if err != nil {
			return nil, nil, err
		}
		names = append(names, name)
	}
	a.part = &partReader{r: a.r}
	return names, a.part, nil
}

func (a *archiveReader) name() (string, error) {
	n, err := binary.ReadUvarint(a.r)
	if err != nil {
		return "", cut(err)
	}
	if n > maxPartName {
		return "", errArchive
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(a.r, b); err != nil {
		return "", cut(err)
	}
	return string(b), nil
}

// A partReader is the backup in one part.
type partReader struct {
	r    *bufio.Reader
	left uint64 // of the piece
	done bool
}

// Read reads on, to io.EOF after the last piece.
func (p *partReader) Read(b []byte) (int, error) {
	for p.left == 0 && !p.done {
		n, err := binary.ReadUvarint(p.r)
		if err != nil {
			return 0, cut(err)
		}
		if n > archivePiece {
			return 0, errArchive
		}
		p.left, p.done = n, n == 0
	}
	if p.done {
		return 0, io.EOF
	}
	n, err := p.r.Read(b[:min(uint64(len(b)), p.left)])
	p.left -= uint64(n)
	if err != nil {
		err = cut(err)
	}
	return n, err
}

// cut is what an end in the wrong place is called.
func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it ends too early", errArchive)
	}
	return err
}
