package python

import (
	"fmt"
	"math"
	"strings"
	"time"

	"go.starlark.net/starlark"

	"zorpgo/builtins/word"
)

// clock is the module time. Its times are tuples of nine numbers, as in Python: year, month, day, hour, minute, second,
// weekday (Monday is 0), day of the year, daylight saving.
func clock(d *word.Draft) starlark.StringDict {
	c := &clockModule{d}
	dict := starlark.StringDict{}
	builtin(dict, "time", c.function(func(now time.Time, args starlark.Tuple) (starlark.Value, error) {
		return starlark.Float(float64(now.UnixNano()) / 1e9), starlark.UnpackPositionalArgs("time", args, nil, 0)
	}))
	for name, in := range map[string]func(time.Time) time.Time{"localtime": time.Time.Local, "gmtime": time.Time.UTC} {
		builtin(dict, name, c.function(func(now time.Time, args starlark.Tuple) (starlark.Value, error) {
			at, err := moment(name, args, now)
			return broken(in(at)), err
		}))
	}
	builtin(dict, "ctime", c.function(func(now time.Time, args starlark.Tuple) (starlark.Value, error) {
		at, err := moment("ctime", args, now)
		return starlark.String(at.Local().Format(time.ANSIC)), err
	}))
	builtin(dict, "strftime", c.function(func(now time.Time, args starlark.Tuple) (starlark.Value, error) {
		var format string
		var at starlark.Value = starlark.None
		if err := starlark.UnpackPositionalArgs("strftime", args, nil, 1, &format, &at); err != nil {
			return nil, err
		}
		if at == starlark.None {
			return strftime(format, now.Local())
		}
		t, err := whole(at)
		if err != nil {
			return nil, err
		}
		return strftime(format, t)
	}))
	builtin(dict, "mktime", c.function(func(_ time.Time, args starlark.Tuple) (starlark.Value, error) {
		var at starlark.Value
		if err := starlark.UnpackPositionalArgs("mktime", args, nil, 1, &at); err != nil {
			return nil, err
		}
		t, err := whole(at)
		return starlark.Float(t.Unix()), err
	}))
	return dict
}

type clockModule struct{ draft *word.Draft }

// function is one that looks at the clock.
func (c *clockModule) function(do func(now time.Time, args starlark.Tuple) (starlark.Value, error)) function {
	return func(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
		if word.Shared(thread) {
			return nil, word.ErrVaries
		}
		now := time.Now
		if c.draft.Now != nil {
			now = c.draft.Now
		}
		v, err := do(now(), args)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", b.Name(), err)
		}
		return v, nil
	}
}

// moment is the seconds that args give, or now.
func moment(name string, args starlark.Tuple, now time.Time) (time.Time, error) {
	var v starlark.Value = starlark.None
	if err := starlark.UnpackPositionalArgs(name, args, nil, 0, &v); err != nil || v == starlark.None {
		return now, err
	}
	s, ok := starlark.AsFloat(v)
	if !ok || math.Abs(s) > 1e11 {
		return now, fmt.Errorf("got %s, want seconds since 1970", v)
	}
	return time.Unix(int64(math.Floor(s)), 0), nil
}

func broken(t time.Time) starlark.Tuple {
	dst := 0
	if t.IsDST() {
		dst = 1
	}
	var list starlark.Tuple
	for _, n := range []int{t.Year(), int(t.Month()), t.Day(), t.Hour(), t.Minute(), t.Second(), (int(t.Weekday()) + 6) % 7, t.YearDay(), dst} {
		list = append(list, starlark.MakeInt(n))
	}
	return list
}

// whole is the time of a tuple of broken.
func whole(v starlark.Value) (time.Time, error) {
	list, ok := v.(starlark.Tuple)
	var n [6]int
	for i := range n {
		if !ok || len(list) != 9 || starlark.AsInt(list[i], &n[i]) != nil || n[i] < 0 || n[i] > 9999 {
			return time.Time{}, fmt.Errorf("got %s, want the nine numbers of time.localtime()", v)
		}
	}
	return time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], n[5], 0, time.Local), nil
}

var directives = map[byte]string{'Y': "2006", 'm': "01", 'd': "02", 'H': "15", 'M': "04", 'S': "05", 'y': "06", 'a': "Mon", 'A': "Monday",
	'b': "Jan", 'B': "January", 'I': "03", 'p': "PM", 'Z': "MST", 'z': "-0700", 'c': "Mon Jan _2 15:04:05 2006", 'x': "01/02/06", 'X': "15:04:05", 'e': "_2"}

func strftime(format string, t time.Time) (starlark.Value, error) {
	if len(format) > 1000 {
		return nil, errTooLong
	}
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		i++
		switch layout, known := directives[format[i]]; {
		case known:
			b.WriteString(t.Format(layout))
		case format[i] == '%':
			b.WriteByte('%')
		case format[i] == 'j':
			fmt.Fprintf(&b, "%03d", t.YearDay())
		case format[i] == 'w':
			fmt.Fprint(&b, int(t.Weekday()))
		default:
			return nil, fmt.Errorf("%%%c is unknown", format[i])
		}
	}
	return starlark.String(b.String()), nil
}
