package interp

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"go.starlark.net/starlark"
)

// format is Python's format % values, with flags, widths and precisions.
func format(text string, values starlark.Value) (starlark.Value, error) {
	f := &formatting{values: values}
	if t, ok := values.(starlark.Tuple); ok {
		f.list, f.isTuple = t, true
	} else {
		f.list = starlark.Tuple{values}
	}
	for {
		before, after, found := strings.Cut(text, "%")
		f.b.WriteString(before)
		if !found {
			break
		}
		var err error
		if text, err = f.one(after); err != nil {
			return nil, err
		}
		if f.b.Len() > maxText {
			return nil, errTooLong
		}
	}
	if _, mapping := values.(starlark.Mapping); f.next < len(f.list) && !(mapping && !f.isTuple) {
		return nil, errors.New("too many arguments for format string")
	}
	return starlark.String(f.b.String()), nil
}

type formatting struct {
	b       strings.Builder
	values  starlark.Value
	list    starlark.Tuple
	isTuple bool
	next    int
}

// directive is what stands between % and the letter.
type directive struct {
	flags            string
	width, precision int // precision -1: none
}

// one writes the directive that text begins with, and gives what follows it.
func (f *formatting) one(text string) (string, error) {
	var named starlark.Value
	if strings.HasPrefix(text, "(") {
		key, after, found := strings.Cut(text[1:], ")")
		mapping, ok := f.values.(starlark.Mapping)
		switch {
		case !found:
			return "", errors.New("format string: a ( is not closed")
		case !ok:
			return "", errors.New("format requires a mapping")
		}
		v, ok, err := mapping.Get(starlark.String(key))
		if err != nil || !ok {
			return "", fmt.Errorf("format: there is no key %q", key)
		}
		named, text = v, after
	}
	d := directive{precision: -1}
	n := len(text) - len(strings.TrimLeft(text, "-+ #0"))
	d.flags, text = text[:n], text[n:]
	var err error
	if d.width, text, err = f.size(text); err != nil {
		return "", err
	}
	if strings.HasPrefix(text, ".") {
		if d.precision, text, err = f.size(text[1:]); err != nil {
			return "", err
		}
	}
	if text = strings.TrimLeft(text, "hlL"); text == "" {
		return "", errors.New("format string: it ends within a %")
	}
	if text[0] == '%' {
		f.b.WriteString("%")
		return text[1:], nil
	}
	if named == nil {
		if named, err = f.take(); err != nil {
			return "", err
		}
	}
	out, err := d.write(text[0], named)
	f.b.WriteString(out)
	return text[1:], err
}

// maxWidth bounds widths and precisions.
const maxWidth = 1 << 16

func (f *formatting) size(text string) (int, string, error) {
	if strings.HasPrefix(text, "*") {
		v, err := f.take()
		if err != nil {
			return 0, "", err
		}
		n, err := starlark.AsInt32(v)
		if err != nil || n < 0 || n > maxWidth {
			return 0, "", errTooLong
		}
		return n, text[1:], nil
	}
	digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
	if digits == 0 {
		return 0, text, nil
	}
	n, err := strconv.Atoi(text[:digits])
	if err != nil || n > maxWidth {
		return 0, "", errTooLong
	}
	return n, text[digits:], nil
}

func (f *formatting) take() (starlark.Value, error) {
	if f.next >= len(f.list) {
		return nil, errors.New("not enough arguments for format string")
	}
	f.next++
	return f.list[f.next-1], nil
}

// write is v as the letter asks for it.
func (d directive) write(letter byte, v starlark.Value) (string, error) {
	switch letter {
	case 's', 'r':
		text, isText := starlark.AsString(v)
		if !isText || letter == 'r' {
			text = v.String()
		}
		if d.precision >= 0 && d.precision < len(text) {
			text = text[:d.precision]
		}
		return d.pad(text, false), nil
	case 'c':
		if text, ok := starlark.AsString(v); ok && len([]rune(text)) == 1 {
			return d.pad(text, false), nil
		}
		n, err := starlark.AsInt32(v)
		return d.pad(string(rune(n)), false), err
	case 'd', 'i', 'u', 'x', 'X', 'o':
		n, err := whole(v)
		if err != nil {
			return "", err
		}
		return d.number(n, letter), nil
	case 'f', 'F', 'e', 'E', 'g', 'G':
		x, ok := starlark.AsFloat(v)
		if !ok {
			return "", fmt.Errorf("%%%c format: a number is required, not %s", letter, v.Type())
		}
		if d.precision < 0 {
			d.precision = 6
		}
		return d.sign(strconv.FormatFloat(x, letter|0x20, d.precision, 64)), nil
	}
	return "", fmt.Errorf("format string: %%%c is unknown", letter)
}

func whole(v starlark.Value) (*big.Int, error) {
	switch v := v.(type) {
	case starlark.Int:
		return v.BigInt(), nil
	case starlark.Bool:
		if v {
			return big.NewInt(1), nil
		}
		return new(big.Int), nil
	case starlark.Float:
		n, err := starlark.NumberToInt(v)
		if err != nil {
			return nil, err
		}
		return n.BigInt(), nil
	}
	return nil, fmt.Errorf("%%d format: a number is required, not %s", v.Type())
}

func (d directive) number(n *big.Int, letter byte) string {
	base, prefix := 10, ""
	switch letter {
	case 'x', 'X':
		base, prefix = 16, "0"+string(letter)
	case 'o':
		base, prefix = 8, "0"
	}
	digits := new(big.Int).Abs(n).Text(base)
	if letter == 'X' {
		digits = strings.ToUpper(digits)
	}
	if missing := d.precision - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	if strings.Contains(d.flags, "#") {
		digits = prefix + digits
	}
	if n.Sign() < 0 {
		digits = "-" + digits
	}
	return d.sign(digits)
}

// sign adds the sign that the flags ask for, and fills up.
func (d directive) sign(digits string) string {
	switch {
	case strings.HasPrefix(digits, "-"):
	case strings.Contains(d.flags, "+"):
		digits = "+" + digits
	case strings.Contains(d.flags, " "):
		digits = " " + digits
	}
	return d.pad(digits, true)
}

func (d directive) pad(text string, number bool) string {
	missing := d.width - len([]rune(text))
	switch {
	case missing <= 0:
		return text
	case strings.Contains(d.flags, "-"):
		return text + strings.Repeat(" ", missing)
	case number && strings.Contains(d.flags, "0"):
		sign := len(text) - len(strings.TrimLeft(text, "+- "))
		return text[:sign] + strings.Repeat("0", missing) + text[sign:]
	}
	return strings.Repeat(" ", missing) + text
}
