package listfile

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// The limits of the shared texts: in all, and how many.
const (
	maxShared      = 2 << 30
	maxSharedCount = 1 << 25
)

// sharedInMemory is how many bytes of shared texts are kept in memory; more go to a temporary file.
const sharedInMemory = 32 << 20

// sharedTexts are the texts that cells refer to by number.
type sharedTexts struct {
	ends []int64 // where each text ends
	mem  []byte  // the first ones
	file *os.File
	tail []byte // of the file, not yet written
	size int64
}

// load reads xl/sharedStrings.xml.
func (s *sharedTexts) load(r io.Reader) error {
	x := newXML(r)
	var item []byte
	in, phonetic, text := false, false, false
	for {
		err := x.next()
		if errors.Is(err, io.EOF) {
			return s.flush()
		}
		if err != nil {
			return refuse("the file is damaged: its shared texts: " + err.Error())
		}
		switch {
		case x.kind == tagOpen && x.name == "si":
			in, item = true, item[:0]
		case x.kind == tagOpen && x.name == "rPh":
			phonetic = true
		case x.kind == tagClose && x.name == "rPh":
			phonetic = false
		case x.kind == tagOpen && x.name == "t":
			text = true
		case x.kind == tagClose && x.name == "t":
			text = false
		case x.kind == tagText && in && text && !phonetic && len(item) <= maxCell:
			item = append(item, x.content()...)
		case x.kind == tagClose && x.name == "si":
			in = false
			if err := s.add(item); err != nil {
				return err
			}
		}
	}
}

func (s *sharedTexts) add(item []byte) error {
	s.size += int64(len(item))
	if s.size > maxShared || len(s.ends) == maxSharedCount {
		return refuse("the workbook has more texts than any list: save it as CSV")
	}
	s.ends = append(s.ends, s.size)
	if s.file == nil && s.size <= sharedInMemory {
		s.mem = append(s.mem, item...)
		return nil
	}
	if s.file == nil {
		f, err := os.CreateTemp("", "redial-texts-*")
		if err != nil {
			return fmt.Errorf("keep the shared texts: %w", err)
		}
		s.file = f
	}
	s.tail = append(s.tail, item...)
	if len(s.tail) > 1<<20 {
		return s.flush()
	}
	return nil
}

func (s *sharedTexts) flush() error {
	if s.file == nil {
		return nil
	}
	if _, err := s.file.Write(s.tail); err != nil {
		return fmt.Errorf("keep the shared texts: %w", err)
	}
	s.tail = s.tail[:0]
	return nil
}

// get is text i; empty where there is none.
func (s *sharedTexts) get(i int) (string, error) {
	if i < 0 || i >= len(s.ends) {
		return "", nil
	}
	from := int64(0)
	if i > 0 {
		from = s.ends[i-1]
	}
	to, kept := s.ends[i], int64(len(s.mem))
	if to <= kept {
		return string(s.mem[from:to]), nil
	}
	b := make([]byte, to-from)
	if _, err := s.file.ReadAt(b, from-kept); err != nil && !(errors.Is(err, io.EOF) && len(b) == 0) {
		return "", fmt.Errorf("read a shared text: %w", err)
	}
	return string(b), nil
}

func (s *sharedTexts) close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	return errors.Join(err, os.Remove(s.file.Name()))
}
