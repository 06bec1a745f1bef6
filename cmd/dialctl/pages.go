package main

import (
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// pageSize is how much is asked for at once: the most the server gives.
const pageSize = 500

// pages gathers every page of a list.
func pages[T any](page func(token string) (part []T, next string, err error)) ([]T, error) {
	var all []T
	token := ""
	for {
		part, next, err := page(token)
		if err != nil {
			return nil, err
		}
		all = append(all, part...)
		if next == "" || next == token {
			return all, nil
		}
		token = next
	}
}

// enumNamed is the value with a short name, such as "running"; 0 for empty.
func enumNamed[E interface {
	~int32
	protoreflect.Enum
}](what, name string, values map[string]int32) (E, error) {
	if name == "" {
		return 0, nil
	}
	var names []string
	ed := E(0).Descriptor()
	for i := range ed.Values().Len() {
		v := ed.Values().Get(i)
		short := enumName(ed, v.Number())
		if short != "" && strings.EqualFold(short, name) {
			return E(values[string(v.Name())]), nil
		}
		if short != "" {
			names = append(names, short)
		}
	}
	return 0, misused("%q is no %s: give %s", name, what, strings.Join(names, ", "))
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

// quoted is a name as a shell takes it.
func quoted(name string) string {
	plain := func(r rune) bool {
		return r == '-' || r == '_' || r == '.' || r == '+' || r == '/' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r > 0x7f
	}
	if name != "" && strings.IndexFunc(name, func(r rune) bool { return !plain(r) }) < 0 {
		return name
	}
	return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
}

// ref is a number as people refer to it; "-" for none.
func ref(n int64) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprintf("%d", n)
}
